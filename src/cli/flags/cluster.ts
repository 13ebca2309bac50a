/** Which ensemble. */
import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';

export const clusterFlag = {
  cluster: string({ env: 'ZKD_CLUSTER', helpValue: 'NAME', summary: 'The ensemble, as the NAME argument says it.' }),
};

export const clusterArgument = {
  // Else oclif takes whatever waits on stdin for the name.
  name: stringArg({ description: 'Name of the ensemble.', ignoreStdin: true }),
};
