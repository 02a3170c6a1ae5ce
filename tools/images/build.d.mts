export interface BuiltImage {
  /** Of the image's manifest. */
  readonly digest: string;
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  /** Folders of the workspaces in it, e.g. `libs/kernel`. */
  readonly workspaces: readonly string[];
}
/** Builds a service's image into the folder `out` as an OCI layout. @throws {Error} when the checkout is not compiled, or npm fails */
export function buildImage(service: string, out: string): Promise<BuiltImage>;
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}
/** What the image says about its process. */
export function imageConfig(service: string): ImageConfig;
