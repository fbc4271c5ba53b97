// A module of Node's where the program runs in Node.

/** Modules of Node's that shared code does without elsewhere. */
interface Modules {
  readonly "node:buffer": typeof import("node:buffer");
  readonly "node:crypto": typeof import("node:crypto");
}

type Lookup = { readonly getBuiltinModule?: <Name extends keyof Modules>(name: Name) => Modules[Name] };

/**
 * Such a module; undefined in a browser. It is asked for as the program runs, so that a bundle for pages names no file of
 * Node's.
 */
export const nodeModule = <Name extends keyof Modules>(name: Name): Modules[Name] | undefined => {
  const { process }: { readonly process?: Lookup } = globalThis;
  return process?.getBuiltinModule?.(name);
};
