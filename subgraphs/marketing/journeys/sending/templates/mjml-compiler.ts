type Mjml2Html = typeof import('mjml-core').default;

/** HTML, or what is wrong with the MJML. */
export interface MjmlResult {
  readonly html: string;
  readonly messages: readonly string[];
}

/** Compiles MJML in this thread. Loading what it needs takes a second, in which nothing else runs. */
export async function compileHere(mjml: string): Promise<MjmlResult> {
  const [core, presetModule] = await Promise.all([import('mjml-core'), import('mjml-preset-core')]);
  // CommonJS modules with exports of their own: how they arrive depends on who imports them.
  const exported: unknown = core.default;
  const mjml2html = (typeof exported === 'function' ? exported : (exported as typeof core).default) as Mjml2Html;
  const { components, dependencies } = presetModule.components ? presetModule : presetModule.default;
  const presets = [{ components, dependencies }];
  try {
    const options = {
      validationLevel: 'soft' as const,
      keepComments: false,
      // Without fonts of its own no mail makes its reader's device ask a server of somebody else.
      fonts: {},
      ignoreIncludes: true,
      useMjmlConfigOptions: false,
      presets,
    };
    const { html, errors } = await mjml2html(mjml, options);
    return { html, messages: errors.map(({ formattedMessage }) => formattedMessage) };
  } catch (error) {
    return { html: '', messages: [error instanceof Error ? error.message : 'It is no MJML.'] };
  }
}
