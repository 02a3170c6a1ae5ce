import { createSecureContext } from 'node:tls';
import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';
import type { TlsFiles } from '@myriad/http';
import { partsOf } from '../domain/addressed-origin.js';

/** A channel that nothing was sent on for so long is closed: replicas come and go, milliseconds. */
const IDLE_MS = 300_000;

const OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // whether and where a call goes again is decided here
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.use_local_subchannel_pool': 1,
};

interface Channel {
  readonly client: Client;
  usedAtMs: number;
}

/** One HTTP/2 connection to each replica. */
export class ReplicaChannels {
  private channels = new Map<string, Channel>();
  private readonly endTls: (() => void) | undefined;
  private readonly cleaning = setInterval(() => {
    this.closeIdle();
  }, IDLE_MS / 2).unref();

  /** @param tls with it, only replicas that prove who they are are spoken to, and this process proves it too */
  constructor(private readonly tls: TlsFiles | undefined) {
    this.endTls = tls?.onChange(() => {
      // new calls go over new connections; the old ones end with their calls
      this.closeAll();
    });
  }

  /** @param origin of its HTTP port, which names the replica everywhere */
  at(origin: string, grpcPort: number): Client {
    let channel = this.channels.get(origin);
    if (channel === undefined) {
      channel = { client: this.open(origin, grpcPort), usedAtMs: 0 };
      this.channels.set(origin, channel);
    }
    channel.usedAtMs = Date.now();
    return channel.client;
  }

  close(): void {
    clearInterval(this.cleaning);
    this.endTls?.();
    this.closeAll();
  }

  private open(addressed: string, grpcPort: number): Client {
    const { origin, address } = partsOf(addressed);
    const { hostname } = new URL(origin);
    const host = address === undefined ? hostname : address.includes(':') ? `[${address}]` : address;
    // the name stays what certificates are checked against
    const named = this.tls === undefined ? {} : { 'grpc.ssl_target_name_override': hostname.replace(/^\[|\]$/g, '') };
    return new Client(`${host}:${grpcPort}`, this.credentials(), { ...OPTIONS, ...named });
  }

  private credentials(): ChannelCredentials {
    if (this.tls === undefined) return credentials.createInsecure();
    return credentials.createFromSecureContext(createSecureContext({ ...this.tls.current, minVersion: 'TLSv1.3' }));
  }

  private closeIdle(): void {
    for (const [origin, { client, usedAtMs }] of this.channels) {
      if (Date.now() - usedAtMs < IDLE_MS) continue;
      client.close();
      this.channels.delete(origin);
    }
  }

  private closeAll(): void {
    for (const { client } of this.channels.values()) client.close();
    this.channels = new Map();
  }
}
