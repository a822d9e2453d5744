/** Real servers hold one Neo4j database and one set of clouds, so suites that use them take turns. */
const onRealServers = Boolean(process.env.NEO4J_URI || process.env.COMMERCE_DATABASE_URL);

export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs', ignoreDynamic: false },
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(graphql-ws|auto-bind|jose)/)'],
  maxWorkers: onRealServers ? 1 : 2,
  testTimeout: 60_000,
};
