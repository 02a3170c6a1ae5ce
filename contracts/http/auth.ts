import type { HttpContract } from '../define-route.js';
import { approvalRoutes, auditRoutes } from './auth-approvals.js';
import { tenantKeyRoutes } from './auth-tenant-keys.js';
import { credentialRoutes, principalRoutes, tenantRoutes } from './auth-identity.js';
import { loginRoutes } from './auth-login.js';
import { operationsRoutes } from './operations.js';

export const authRoutes = {
  ...tenantRoutes,
  ...tenantKeyRoutes,
  ...principalRoutes,
  ...credentialRoutes,
  ...loginRoutes,
  ...approvalRoutes,
  ...auditRoutes,
} as const;

export const authHttp: HttpContract = {
  service: 'auth',
  title: 'Auth',
  description: 'Tenants, principals, keys, tokens and logins, approvals, and the audit chain.',
  routes: { ...authRoutes, ...operationsRoutes('auth') },
};
