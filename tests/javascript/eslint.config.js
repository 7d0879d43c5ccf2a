// What the linter asks of every JavaScript file of the project; tests/test_javascript.py runs it.
import js from "@eslint/js";
import globals from "globals";

const strict = {
  "array-callback-return": "error",
  "consistent-return": "error",
  eqeqeq: "error",
  "no-implicit-globals": "error",
  "no-self-compare": "error",
  "no-shadow": ["error", { builtinGlobals: false }],
  "no-template-curly-in-string": "error",
  "no-unmodified-loop-condition": "error",
  "no-unused-expressions": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-use-before-define": ["error", { functions: false, variables: false }],
  "no-useless-assignment": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
};

export default [
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" }, rules: strict },
  { files: ["**/*.mjs", "**/eslint.config.js"], languageOptions: { globals: globals.node } },
  {
    // A widget is one inlined module; nothing of it is fetched.
    files: ["attncourse/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-globals": ["error", "fetch", "XMLHttpRequest", "WebSocket", "EventSource", "event", "name"],
      "no-restricted-syntax": ["error",
        { selector: "ImportExpression", message: "Only mount.js loads a module: the widget's." },
        { selector: "ExportNamedDeclaration > VariableDeclaration[kind!='const']", message: "An export that changes is not seen where the files are put together." },
        { selector: "ExportNamedDeclaration > VariableDeclaration[declarations.length>1]", message: "The reader of files finds one name an export." },
      ],
    },
  },
  {
    // Scripts, not modules: these run on every page, also from file://.
    files: ["attncourse/widgets/kit/mount.js", "book/site/static/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, DOCUMENTATION_OPTIONS: "readonly" } },
    rules: { "no-restricted-syntax": "off" },
  },
];
