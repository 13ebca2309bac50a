/** Which members of an ensemble. */
import { custom } from '@oclif/core/flags';
import { parseWholeNumber } from '../../runtime/quantities.js';

const parseMember = async (input: string): Promise<number> => parseWholeNumber(input, 'Member', 1, 255);

/** Any number of members; all where none is given. */
export const membersFlag = {
  member: custom<number>({
    env: 'ZKD_MEMBER',
    multiple: true,
    multipleNonGreedy: true,
    parse: parseMember,
    helpValue: 'ID',
    summary: 'Only this member; can be repeated.',
  })(),
};

/** One member. */
export const memberFlag = (summary: string) => ({
  member: custom<number>({ env: 'ZKD_MEMBER', parse: parseMember, helpValue: 'ID', summary })(),
});
