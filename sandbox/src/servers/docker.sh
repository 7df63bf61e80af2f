# Keeps the private servers of one owner in Docker: runs one container for each, and removes them when its standard
# input ends. That pipe's other end is the owner's, so it ends however the owner ends.
#
# Given by the owner: FOLDER (made here, removed at the end), NAME (the containers' prefix), POSTGRES and REDIS (images;
# empty: not wanted), KEPT (the folder of kept data; empty: none), REDIS_APPENDONLY, and PostgreSQL's settings as arguments.
# Told to the owner, in FOLDER: SERVER.port when a container runs, SERVER.pid with each start, SERVER.ended when it
# could not be run, SERVER.log.

trap '' INT TERM HUP
umask 077
mkdir "$FOLDER" && cd "$FOLDER" || exit 1

run() { # run SERVER PORT DOCKER-ARGUMENT...
  server=$1 port=$2
  shift 2
  docker run --detach --name "$NAME-$server" --publish "127.0.0.1::$port" "$@" >>"$server.log" 2>&1 &&
    note "$server" "$port" || : >"$server.ended"
}

note() { # note SERVER PORT: a published port is drawn anew with every start
  docker port "$NAME-$1" "$2/tcp" >"$1.port.new" 2>>"$1.log" && mv "$1.port.new" "$1.port" &&
    docker inspect --format '{{.State.StartedAt}}' "$NAME-$1" >"$1.pid"
}

if [ -n "$POSTGRES" ]; then
  # Without a password, as on the private socket: the port is published on loopback only.
  run postgres 5432 --env POSTGRES_HOST_AUTH_METHOD=trust --env POSTGRES_INITDB_ARGS=--locale=C.UTF-8 \
    ${KEPT:+--volume "$KEPT/postgres:/var/lib/postgresql/data"} "$POSTGRES" postgres "$@"
fi
if [ -n "$REDIS" ]; then
  run redis 6379 ${KEPT:+--volume "$KEPT/redis:/data"} "$REDIS" \
    redis-server --save '' --appendonly "$REDIS_APPENDONLY" --maxmemory-policy noeviction
fi

while read -r order server; do
  case "$order $server" in
    "crash postgres") port=5432 ;;
    "crash redis") port=6379 ;;
    *) continue ;;
  esac
  rm -f "$server.pid" "$server.port"
  docker kill "$NAME-$server" >>"$server.log" 2>&1
  docker start "$NAME-$server" >>"$server.log" 2>&1
  note "$server" "$port" || : >"$server.ended"
done

# Kept data gets an orderly goodbye; throw-away data goes with its volume.
[ -z "$KEPT" ] || docker stop "$NAME-postgres" "$NAME-redis" >/dev/null 2>&1
docker rm --force --volumes "$NAME-postgres" "$NAME-redis" >/dev/null 2>&1
cd / && rm -rf "$FOLDER"
