/** Makes a function of a module's source, for engines that evaluate no modules while they run. */

const IDENTIFIER = '[\\p{ID_Start}$_][\\p{ID_Continue}$]*';

const IMPORT = new RegExp(
  `^import\\s+(?:(${IDENTIFIER})\\s*,?\\s*)?(?:\\{([^}]*)\\})?\\s*from\\s*['"]([^'"]+)['"];?`,
  'gmu',
);

const EXPORT_DECLARATION = new RegExp(
  `^export\\s+((?:function\\*?|class|const|let)\\s+(${IDENTIFIER}))`,
  'gmu',
);

/** `{ a, b as c }` as the pattern that takes them out of an object. */
const pattern = (names) => names.replaceAll(/\s+as\s+/g, ': ');

function importing(_, byDefault, names, specifier) {
  const from = `__import(${JSON.stringify(specifier)})`;
  const whole = byDefault === undefined ? '' : `const ${byDefault} = ${from}.default;`;
  return names === undefined ? whole : `${whole}const {${pattern(names)}} = ${from};`;
}

/** A function of `(import, exports)` that does what the module at `path` does. */
export function functionOf(source, path) {
  const exported = [];
  const body = source
    .replaceAll(IMPORT, importing)
    .replaceAll(EXPORT_DECLARATION, (_, declaration, name) => {
      exported.push(name);
      return declaration;
    })
    .replaceAll(/^export\s+default\s+/gm, '__exports.default = ');
  if (/^(?:import|export)\b/m.test(body)) {
    throw new SyntaxError(`${path} has an import or export of a form that is not known here`);
  }
  const exporting = exported.map((name) => `__exports.${name} = ${name};`).join('\n');
  return new Function('__import', '__exports', `'use strict';\n${body}\n${exporting}`);
}
