import type { HttpContract } from '../define-route.js';
import { approvalRoutes, auditRoutes } from './auth-approvals.js';
import { credentialRoutes, principalRoutes, tenantRoutes } from './auth-identity.js';

export const authRoutes = {
  ...tenantRoutes,
  ...principalRoutes,
  ...credentialRoutes,
  ...approvalRoutes,
  ...auditRoutes,
} as const;

export const authHttp: HttpContract = {
  service: 'auth',
  title: 'Auth',
  description: 'Tenants, principals, keys and tokens, approvals, and the audit chain.',
  routes: authRoutes,
};
