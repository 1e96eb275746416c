const EMPTY_WORDS = ['common', 'shared', 'utils', 'util', 'helpers', 'helper', 'misc', 'core', 'base'];
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * File and folder names say the noun or the step, in kebab-case. Names that fit everything end up holding everything.
 * Role suffixes (`.spec`, `.entity`, `.module`) follow after dots and are not looked at, other than for their case.
 */
export default {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { empty: '"{{word}}" says nothing: name the noun or the step.', shape: '"{{word}}" is not kebab-case.' },
  },
  create: (context) => ({
    Program(node) {
      const segments = context.filename.slice(context.cwd.length + 1).split('/');
      for (const word of segments.flatMap((segment) => segment.split('.'))) {
        if (EMPTY_WORDS.includes(word)) context.report({ node, messageId: 'empty', data: { word } });
        else if (word !== '' && !KEBAB.test(word)) context.report({ node, messageId: 'shape', data: { word } });
      }
    },
  }),
};
