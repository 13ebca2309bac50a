#!/bin/bash
# The contract of the official `zookeeper` image: settings come from ZOO_* variables, and only while there is no configuration yet,
# so that a mounted or earlier written zoo.cfg or myid is never touched.
set -e

server_wanted() { [[ $1 == zkServer.sh ]]; }

# Volumes made by the engine may belong to root: hand them over, then give up root for good.
if server_wanted "$1" && [[ $(id -u) == 0 ]]; then
  chown -R zookeeper:zookeeper "$ZOO_CONF_DIR" "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR" "$ZOO_LOG_DIR"
  exec setpriv --reuid=zookeeper --regid=zookeeper --clear-groups "$0" "$@"
fi

write_config() {
  echo "dataDir=$ZOO_DATA_DIR"
  echo "dataLogDir=$ZOO_DATA_LOG_DIR"
  echo "tickTime=$ZOO_TICK_TIME"
  echo "initLimit=$ZOO_INIT_LIMIT"
  echo "syncLimit=$ZOO_SYNC_LIMIT"
  echo "autopurge.snapRetainCount=$ZOO_AUTOPURGE_SNAPRETAINCOUNT"
  echo "autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL"
  echo "maxClientCnxns=$ZOO_MAX_CLIENT_CNXNS"
  echo "standaloneEnabled=$ZOO_STANDALONE_ENABLED"
  echo "admin.enableServer=$ZOO_ADMINSERVER_ENABLED"
  local line
  for line in ${ZOO_SERVERS:-server.1=localhost:2888:3888;2181}; do echo "$line"; done
  if [[ -n $ZOO_4LW_COMMANDS_WHITELIST ]]; then echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"; fi
  for line in $ZOO_CFG_EXTRA; do echo "$line"; done
}

if [[ ! -f $ZOO_CONF_DIR/zoo.cfg ]]; then write_config >"$ZOO_CONF_DIR/zoo.cfg"; fi
if [[ ! -f $ZOO_DATA_DIR/myid ]]; then echo "${ZOO_MY_ID:-1}" >"$ZOO_DATA_DIR/myid"; fi

exec "$@"
