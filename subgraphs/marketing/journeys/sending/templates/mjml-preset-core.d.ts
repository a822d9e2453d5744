/** MJML's own components, which come without types. */
declare module 'mjml-preset-core' {
  interface Preset {
    /** The components' classes. */
    readonly components: readonly unknown[];
    /** Which component may stand in which. */
    readonly dependencies: Readonly<Record<string, readonly unknown[]>>;
  }
  const preset: Partial<Preset> & { readonly default: Preset };
  export = preset;
}
