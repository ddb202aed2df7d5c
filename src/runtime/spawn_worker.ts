/** One permission: everything, nothing, or the named things (paths, hosts, variables). */
export type Permission = boolean | readonly string[];

/** What a worker may do. Only Deno enforces it; the creator must hold itself what it gives. */
export interface WorkerPermissions {
  readonly net?: Permission;
  readonly read?: Permission;
  readonly write?: Permission;
  readonly env?: Permission;
  readonly ffi?: Permission;
  readonly run?: Permission;
  readonly sys?: Permission;
  readonly import?: Permission;
}

const NOTHING: Required<WorkerPermissions> = {
  net: false,
  read: false,
  write: false,
  env: false,
  ffi: false,
  run: false,
  sys: false,
  import: false,
};

/** Starts a worker thread. The only place that knows what Deno can do and Bun cannot: permissions per worker. */
export function spawnWorker(
  url: string | URL,
  options: { readonly name: string; readonly permissions: WorkerPermissions },
): Worker {
  const { name } = options;
  if (!("Deno" in globalThis)) return new Worker(url, { type: "module", name });
  const permissions = { ...NOTHING, ...options.permissions } as Deno.PermissionOptionsObject;
  return new Worker(url, { type: "module", name, deno: { permissions } });
}
