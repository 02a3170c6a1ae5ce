export interface BuiltImage {
  /** Of the image's manifest. */
  readonly digest: string;
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  /** Folders of the workspaces in it, e.g. `libs/kernel`. */
  readonly workspaces: readonly string[];
}
/** Builds images of services into the folder `out` as one OCI layout, whose layers they share. @throws {Error} when the checkout is not compiled, or its packages are not those of the lock file */
export function buildImages(services: readonly string[], out: string): Promise<Readonly<Record<string, BuiltImage>>>;
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}
/** What the image says about its process. */
export function imageConfig(service: string): ImageConfig;
