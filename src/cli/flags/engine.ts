/** Which container engine. Without either flag: DOCKER_HOST, DOCKER_CONTEXT, the current docker context, then the local socket. */
import { string } from '@oclif/core/flags';

export const engineFlags = {
  'docker-host': string({
    char: 'H',
    env: 'ZKD_DOCKER_HOST',
    helpValue: 'URL',
    summary: 'Engine to use: unix://, tcp:// or ssh://. Also DOCKER_HOST.',
    helpGroup: 'ENGINE',
  }),
  context: string({
    env: 'ZKD_CONTEXT',
    helpValue: 'NAME',
    summary: 'Context of the docker CLI to use. Also DOCKER_CONTEXT.',
    exclusive: ['docker-host'],
    helpGroup: 'ENGINE',
  }),
};
