/** The import arrows of docs/architecture.md, cycles, and which file may import which library. */
const room = '^src/(cluster|registry|balancer|configuration|recipes|sessions|znodes)/';
const only = (library, file) => ({
  name: `only-${library}`,
  comment: `${library} has one importer, so that it can be replaced and loads late`,
  severity: 'error',
  from: { path: '^src', pathNot: file },
  to: { path: `node_modules/${library}/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: ['^src/commands/', '^src/hooks/'] }, to: {} },
    {
      name: 'errors-import-nothing',
      severity: 'error',
      from: { path: '^src/(errors|exit-codes)' },
      to: { path: '^src/', pathNot: '^src/exit-codes' },
    },
    {
      name: 'runtime-imports-errors',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { path: '^src/', pathNot: '^src/(runtime/|errors|exit-codes)' },
    },
    {
      name: 'ports-import-runtime-and-errors',
      severity: 'error',
      from: { path: '^src/(engine|zookeeper)/' },
      to: { path: '^src/', pathNot: '^src/($1/|runtime/|errors|exit-codes)' },
    },
    { name: 'rooms-know-no-terminal', severity: 'error', from: { path: room }, to: { path: '^src/(cli|commands|hooks)/' } },
    {
      name: 'rooms-use-doors',
      comment: 'another room, the engine and ZooKeeper only through their index',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: {
        path: '^src/(cluster|engine|zookeeper|registry|balancer|configuration|recipes|sessions|znodes)/',
        pathNot: ['^src/$1/', '/index\\.ts$'],
      },
    },
    { name: 'nothing-imports-commands', severity: 'error', from: { pathNot: '^src/commands/' }, to: { path: '^src/commands/' } },
    only('dockerode', '^src/engine/dockerode\\.ts$'),
    only('zookeeper', '^src/zookeeper/native-session\\.ts$'),
    only('chalk', '^src/cli/style\\.ts$'),
    only('cli-table3', '^src/cli/table\\.ts$'),
    only('inquirer', '^src/cli/prompt\\.ts$'),
    only('log-update', '^src/cli/redraw\\.ts$'),
    only('execa', '^src/runtime/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
