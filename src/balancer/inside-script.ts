/**
 * The program that runs in HAProxy's container; see `inside.ts`. Perl's base modules only. Sections come in on stdin and go out on stdout, each
 * under a line `== name`. Modes:
 * - `look`: the files, and what HAProxy says
 * - `runtime`: commands to the worker, then the new configuration, for the next start
 * - `reload`: the new configuration is checked, taken, and proven: a new generation with a worker of its own and no failed one; else the old one is
 *   put back, and HAProxy reloads that
 * - `hosts`: addresses of host names
 * Whoever changes something holds a lock, and does nothing where the files are not as they were seen.
 */
import { BACKEND, CONFIGURATION, FOLDER, MEMORY, SOCKET } from './names.js';

/** A worker with thousands of servers starts within this. */
const PROOF_SECONDS = 10;
/** Longer than everything: a HAProxy that is stuck does not keep a command for ever. */
const ALARM_SECONDS = 3 * PROOF_SECONDS;

export const SCRIPT = `
use strict;
use warnings;
use Fcntl ':flock';
use IO::Socket::UNIX;
use Socket;
alarm ${ALARM_SECONDS};
my ($file, $memory) = ('${CONFIGURATION}', '${MEMORY}');
my $mode = shift;
my %in;
if ($mode ne 'look') {
  my $name = '';
  while (my $line = <STDIN>) {
    if ($line =~ /^== (\\S+)/) { $name = $1; $in{$name} = ''; } else { $in{$name} .= $line; }
  }
}
sub slurp { open(my $handle, '<', $_[0]) or return ''; local $/; my $text = <$handle>; return defined $text ? $text : ''; }
sub spit {
  my ($path, $text) = @_;
  open(my $handle, '>', "$path.part") or die "$path: $!\\n";
  print $handle $text;
  close($handle) or die "$path: $!\\n";
  rename("$path.part", $path) or die "$path: $!\\n";
}
sub ask {
  my $socket = IO::Socket::UNIX->new(Peer => '${SOCKET}') or return '';
  print $socket "$_[0]\\n";
  shutdown($socket, 1);
  local $/;
  my $answer = <$socket>;
  return defined $answer ? $answer : '';
}
sub section { my ($name, $text) = @_; $text .= "\\n" if $text ne '' && $text !~ /\\n\\z/; print "== $name\\n$text"; }
sub show {
  section('configuration', slurp($file));
  section('memory', slurp($memory));
  section('proc', ask('show proc'));
  section('state', ask('@1 show servers state ${BACKEND}'));
}
sub master { return ask('show proc') =~ /^(\\d+)\\s+master\\s+(\\d+) \\[failed: (\\d+)\\]/m ? ($1, $2, $3) : (); }
sub reload {
  my ($pid, $generation) = master() or return 'the master does not answer';
  kill('USR2', $pid) or return "the master cannot be signalled: $!";
  for (1 .. ${PROOF_SECONDS} * 50) {
    select(undef, undef, undef, 0.02);
    my (undef, $now, $failed) = master() or next;
    next if $now <= $generation;
    return 'a worker of the new generation failed' if $failed > 0;
    return '' if ask('show proc') =~ /^# workers\\n\\d+\\s+worker\\s+0\\s/m && ask('@1 show servers state ${BACKEND}') =~ / ${BACKEND} /;
  }
  return 'no new worker within ${PROOF_SECONDS} s';
}
sub check { my $words = qx(haproxy -c -f $_[0] 2>&1); return $? == 0 ? '' : $words || 'haproxy -c fails'; }
if ($mode eq 'look') { show(); exit; }
if ($mode eq 'hosts') {
  print "== hosts\\n";
  for my $name (split /\\n/, $in{names}) {
    my $packed = gethostbyname($name);
    print $name, "\\t", inet_ntoa($packed), "\\n" if defined $packed && length $packed == 4;
  }
  exit;
}
open(my $lock, '>', '${FOLDER}/lock') or die "lock: $!\\n";
flock($lock, LOCK_EX) or die "lock: $!\\n";
sub isSame { my ($one, $other) = @_; s/\\s+\\z// for $one, $other; return $one eq $other; }
if (!isSame($in{'seen-configuration'}, slurp($file)) || !isSame($in{'seen-memory'}, slurp($memory))) { section('stale', ''); exit; }
if ($mode eq 'runtime') {
  my $answers = join '', map { ask('@1 ' . $_) } split /\\n/, $in{commands};
  section('answers', $answers);
}
my $isNew = $in{configuration} ne slurp($file);
if ($isNew) {
  spit("$file.next", $in{configuration});
  my $words = check("$file.next");
  if ($words ne '') { section('refused', $words); exit; }
}
if ($mode eq 'reload') {
  spit("$file.last", slurp($file));
  rename("$file.next", $file) if $isNew;
  my $words = reload();
  if ($words ne '') {
    rename("$file.last", $file) or die "$file: $!\\n";
    my $worse = reload();
    section($worse eq '' ? 'failed' : 'unproven', $worse eq '' ? $words : "$words; then, with the configuration from before: $worse");
    exit;
  }
} elsif ($isNew) {
  rename("$file.next", $file) or die "$file: $!\\n";
}
spit($memory, $in{memory}) if $in{memory} ne slurp($memory);
show();
`;
