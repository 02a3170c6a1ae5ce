import { describe, expect, it } from '@jest/globals';
import { standaloneConfig } from '../src/config.js';

describe('standaloneConfig', () => {
  it('has defaults for everything', () => {
    expect(standaloneConfig([], {})).toEqual({
      mode: 'standalone',
      stateFolder: '.myriad',
      gatewayPort: 8080,
      portBase: 8100,
      startTimeoutMs: 120_000,
      logLevel: 'info',
      isForeground: false,
      inherited: {},
      overrides: { routes: {}, variables: {} },
    });
  });

  it('has a folder and ports for the mode mesh, so that both can run', () => {
    const mesh = { mode: 'mesh', stateFolder: '.myriad-mesh', gatewayPort: 8280, portBase: 8300 };
    expect(standaloneConfig(['--mesh'], {})).toMatchObject(mesh);
    expect(standaloneConfig([], { MYRIAD_MODE: 'mesh' })).toMatchObject(mesh);
    expect(standaloneConfig(['--mesh', '--state', '/c'], {})).toMatchObject({ ...mesh, stateFolder: '/c' });
  });

  it('lets flags win over variables', () => {
    const env = { MYRIAD_GATEWAY_PORT: '9000', MYRIAD_PORT_BASE: '9100', MYRIAD_STATE: '/a' };
    expect(standaloneConfig(['--gateway-port', '9001', '--state=/b', '--foreground'], env)).toMatchObject({
      gatewayPort: 9001,
      portBase: 9100,
      stateFolder: '/b',
      isForeground: true,
    });
  });

  it('names all faults at once', () => {
    const env = { MYRIAD_GATEWAY_PORT: '70000', MYRIAD_PORT_BASE: '80' };
    expect(() => standaloneConfig([], env)).toThrow(/2 faults[^]*MYRIAD_GATEWAY_PORT[^]*MYRIAD_PORT_BASE/);
  });

  it('refuses a flag it does not know and shows those it does', () => {
    expect(() => standaloneConfig(['--prot', '1'], {})).toThrow(/--prot[^]*--gateway-port PORT/);
  });

  it("hands on what programs need of this environment, and none of the user's other variables", () => {
    const env = { PATH: '/bin', HOME: '/h', AWS_SECRET_ACCESS_KEY: 's', NODE_OPTIONS: '--inspect' };
    expect(standaloneConfig([], env).inherited).toEqual({ PATH: '/bin', HOME: '/h' });
  });
});
