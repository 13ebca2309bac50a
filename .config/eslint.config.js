import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('..', import.meta.url));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', 'test-results/'], basePath: root },
  {
    files: ['**/*.ts'],
    basePath: root,
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ['.config/tsconfig.check.json'], tsconfigRootDir: root } },
    rules: {
      // Numbers in template strings are how messages are made.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // A fake answers at once where the real thing makes one wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/cli/**/*.ts', 'src/commands/**/*.ts', 'src/hooks/**/*.ts'],
    basePath: root,
    rules: {
      // Only the terminal file decides about terminals; streams and the environment come through the ports.
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Take it from the ports.' }],
    },
  },
  { files: ['src/cli/ports.ts'], basePath: root, rules: { 'no-restricted-properties': 'off' } },
);
