# Keeps the private servers of one owner: starts PostgreSQL and Redis as its own children, and stops them when its
# standard input ends. That pipe's other end is the owner's, so it ends however the owner ends.
#
# Given by the owner: FOLDER (made here, removed at the end), POSTGRES_BIN and REDIS (empty: not wanted), POSTGRES_DATA,
# POSTGRES_LOCALE, POSTGRES_STOP, INITDB_OPTIONS, REDIS_DATA, REDIS_APPENDONLY, and PostgreSQL's settings as arguments.
# Told to the owner, in FOLDER: NAME.pid when a server was started, NAME.ended when it is gone, NAME.log.

# The terminal's and the system's "stop" go to the owner, who stops the servers last.
trap '' INT TERM HUP
umask 077
mkdir "$FOLDER" && cd "$FOLDER" || exit 1
started=

start() { # start NAME PROGRAM ARGUMENT...
  name=$1
  shift
  rm -f "$name.ended" && rm -f "$name.pid"
  (
    "$@" </dev/null >>"$name.log" 2>&1 &
    echo $! >"$name.pid"
    wait $!
    : >"$name.ended"
  ) &
  case " $started " in *" $name "*) ;; *) started="$started $name" ;; esac
}

halt() { # halt NAME SIGNAL
  until [ -s "$1.pid" ]; do sleep 0.02; done
  # Again and again, because a program that was only just started does not listen yet.
  until [ -e "$1.ended" ]; do
    kill -s "$2" "$(cat "$1.pid")" 2>/dev/null
    sleep 0.02
  done
}

start_postgres() {
  if [ ! -f "$POSTGRES_DATA/PG_VERSION" ]; then
    # Made beside and moved into place, so that a half-made one is never mistaken for a database.
    rm -rf "$POSTGRES_DATA.new"
    "$POSTGRES_BIN/initdb" --pgdata="$POSTGRES_DATA.new" --username=postgres --auth=trust \
      --encoding=UTF8 --locale="$POSTGRES_LOCALE" $INITDB_OPTIONS </dev/null >>postgres.log 2>&1 &&
      mv "$POSTGRES_DATA.new" "$POSTGRES_DATA" || { : >postgres.ended; return; }
  fi
  start postgres "$POSTGRES_BIN/postgres" -D "$POSTGRES_DATA" -k "$FOLDER" "$@"
}

start_redis() {
  mkdir -p "$REDIS_DATA"
  start redis "$REDIS" --port 0 --unixsocket "$FOLDER/redis.sock" --unixsocketperm 700 --dir "$REDIS_DATA" \
    --save '' --appendonly "$REDIS_APPENDONLY" --maxmemory-policy noeviction --daemonize no
}

[ -z "$REDIS" ] || start_redis
[ -z "$POSTGRES_BIN" ] || start_postgres "$@"

while read -r order name; do
  case "$order $name" in
    "crash postgres") halt postgres QUIT && start_postgres "$@" ;;
    "crash redis") halt redis KILL && start_redis ;;
  esac
done

for name in $started; do
  case $name in
    postgres) halt postgres "$POSTGRES_STOP" ;;
    redis) halt redis TERM ;;
  esac
done
wait
cd / && rm -rf "$FOLDER"
