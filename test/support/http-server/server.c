/*
 * A small HTTP/1.1 server for tests: static, so that it is all there is in its image.
 *
 *   server          serves port PORT (default 80), or those of PORTS=80,81, until SIGTERM or SIGINT
 *   server check    exits 0 while it is well, 1 while it is not (for HEALTHCHECK in exec form)
 *   server unwell   makes it unwell: the file /tmp/unwell; `server well` takes that away
 *
 * GET / answers NAME, or the host's name; GET /slow?ms=N the same after N ms; POST to any path what was sent.
 *
 * Told to stop it goes on for GRACE_MS (default 3000), new connections included, and lets every connection end with its next answer
 * (`Connection: close`). Then it takes no more, ends connections on which nothing is asked, finishes the others' requests and exits 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UNWELL "/tmp/unwell"
#define MAX_PORTS 16
#define MAX_HEAD 16384
#define MAX_BODY (1 << 20)
#define STACK_BYTES (256 * 1024)

static char name[256];
static atomic_bool draining;
/* Readable once the grace has passed: its other end is closed then. */
static int over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static int connections;

struct request {
  char method[16];
  char target[1024];
  size_t length;
  int keeps_alive;
};

/* What has been read of a connection and not yet been used. */
struct input {
  int fd;
  size_t used;
  char bytes[MAX_HEAD];
};

static void fail(const char *what) {
  fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int send_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return 0;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 1;
}

static int answer(int fd, const char *status, const char *body, size_t length, int has_body, int closes) {
  char head[256];
  int written = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n", status,
                         length, closes ? "close" : "keep-alive");
  return send_all(fd, head, (size_t)written) && (!has_body || send_all(fd, body, length));
}

/* The value of a header in a head that ends in an empty line, or NULL. */
static const char *header(const char *head, const char *key) {
  size_t length = strlen(key);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, key, length) == 0 && line[2 + length] == ':') {
      const char *value = line + 3 + length;
      return value + strspn(value, " \t");
    }
  }
  return NULL;
}

static const char *parse(char *head, struct request *request) {
  int minor = 0;
  if (sscanf(head, "%15s %1023s HTTP/1.%d", request->method, request->target, &minor) != 3) return "400 Bad Request";
  if (header(head, "Transfer-Encoding") != NULL) return "411 Length Required";
  const char *length = header(head, "Content-Length");
  request->length = length == NULL ? 0 : strtoul(length, NULL, 10);
  if (request->length > MAX_BODY) return "413 Content Too Large";
  const char *connection = header(head, "Connection");
  request->keeps_alive = minor >= 1 ? connection == NULL || strncasecmp(connection, "close", 5) != 0
                                    : connection != NULL && strncasecmp(connection, "keep-alive", 10) == 0;
  return NULL;
}

/* Reads until there is a whole head; answers its length, 0 where the other side has gone or sends none. */
static size_t read_head(struct input *input) {
  for (;;) {
    char *end = input->used == 0 ? NULL : memmem(input->bytes, input->used, "\r\n\r\n", 4);
    if (end != NULL) return (size_t)(end - input->bytes) + 4;
    if (input->used == sizeof input->bytes) return 0;
    ssize_t got = recv(input->fd, input->bytes + input->used, sizeof input->bytes - input->used, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    input->used += (size_t)got;
  }
}

static int read_body(struct input *input, char *body, size_t length) {
  size_t there = input->used < length ? input->used : length;
  memcpy(body, input->bytes, there);
  memmove(input->bytes, input->bytes + there, input->used - there);
  input->used -= there;
  while (there < length) {
    ssize_t got = recv(input->fd, body + there, length - there, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    there += (size_t)got;
  }
  return 1;
}

static int respond(int fd, const struct request *request, const char *body) {
  const char *target = request->target;
  int is_post = strcmp(request->method, "POST") == 0;
  int has_body = strcmp(request->method, "HEAD") != 0;
  const char *status = "200 OK";
  char text[sizeof name + 1];
  size_t length = request->length;
  if (!is_post) {
    int slow = 0;
    if (sscanf(target, "/slow?ms=%d", &slow) == 1 && slow > 0) {
      struct timespec pause = {.tv_sec = slow / 1000, .tv_nsec = slow % 1000 * 1000000L};
      nanosleep(&pause, NULL);
    } else if (strcmp(target, "/") != 0 && strncmp(target, "/?", 2) != 0 && strncmp(target, "/slow", 5) != 0) {
      status = "404 Not Found";
    }
    length = (size_t)snprintf(text, sizeof text, "%s\n", name);
    body = text;
  }
  /* Asked after the pause: who waited for a slow answer while it was told to stop is to know. */
  int closes = !request->keeps_alive || atomic_load(&draining);
  return answer(fd, status, body, length, has_body, closes) && !closes;
}

/* Serves one request; 0 where the connection ends with it. */
static int serve(struct input *input) {
  struct request request;
  char *head = NULL, *body = NULL;
  int goes_on = 0;
  size_t length = read_head(input);
  if (length == 0) return 0;
  head = strndup(input->bytes, length);
  if (head == NULL) return 0;
  memmove(input->bytes, input->bytes + length, input->used - length);
  input->used -= length;
  const char *refusal = parse(head, &request);
  if (refusal != NULL) {
    answer(input->fd, refusal, "", 0, 0, 1);
  } else {
    if (header(head, "Expect") != NULL) send_all(input->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    body = malloc(request.length + 1);
    goes_on = body != NULL && read_body(input, body, request.length) && respond(input->fd, &request, body);
  }
  free(head);
  free(body);
  return goes_on;
}

/* Waits for a next request; 0 where there is none and the time of all is over. */
static int has_more(const struct input *input) {
  if (input->used > 0) return 1;
  struct pollfd sources[] = {{.fd = input->fd, .events = POLLIN}, {.fd = over, .events = POLLIN}};
  while (poll(sources, 2, -1) < 0 && errno == EINTR) continue;
  return sources[0].revents != 0;
}

/* Ends it such that the other side reads the last answer whole: closing with unread input would reset it. */
static void part(int fd) {
  char rest[4096];
  struct timeval patience = {.tv_sec = 1};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  shutdown(fd, SHUT_WR);
  while (recv(fd, rest, sizeof rest, 0) > 0) continue;
  close(fd);
}

static void *converse(void *argument) {
  struct input *input = argument;
  while (has_more(input) && serve(input)) continue;
  part(input->fd);
  free(input);
  pthread_mutex_lock(&lock);
  connections -= 1;
  pthread_cond_signal(&ended);
  pthread_mutex_unlock(&lock);
  return NULL;
}

/* Takes one connection that waits; 0 where none does. */
static int welcome(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  struct input *input = malloc(sizeof *input);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_mutex_lock(&lock);
  connections += 1;
  pthread_mutex_unlock(&lock);
  if (input != NULL) {
    input->fd = fd;
    input->used = 0;
  }
  if (input == NULL || pthread_create(&thread, &attributes, converse, input) != 0) {
    free(input);
    close(fd);
    pthread_mutex_lock(&lock);
    connections -= 1;
    pthread_mutex_unlock(&lock);
  }
  pthread_attr_destroy(&attributes);
  return 1;
}

static int listen_on(const char *port) {
  int number = atoi(port);
  if (number < 1 || number > 65535) {
    fprintf(stderr, "server: %s is no port\n", port);
    exit(2);
  }
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)number), .sin_addr.s_addr = htonl(INADDR_ANY)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(fd, 1024) < 0) fail("listen");
  printf("serving port %d\n", number);
  return fd;
}

static const char *setting(const char *key, const char *otherwise) {
  const char *value = getenv(key);
  return value == NULL || *value == '\0' ? otherwise : value;
}

static int run(void) {
  struct pollfd sources[MAX_PORTS + 1];
  int count = 1, pipe_ends[2];
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  if (pipe2(pipe_ends, O_CLOEXEC) < 0) fail("pipe");
  over = pipe_ends[0];
  gethostname(name, sizeof name - 1);
  const char *wanted = setting("NAME", name);
  if (wanted != name) snprintf(name, sizeof name, "%s", wanted);
  setvbuf(stdout, NULL, _IOLBF, 0);
  sources[0] = (struct pollfd){.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN};
  char *ports = strdup(setting("PORTS", setting("PORT", "80")));
  for (char *port = strtok(ports, ","); port != NULL && count <= MAX_PORTS; port = strtok(NULL, ",")) {
    sources[count++] = (struct pollfd){.fd = listen_on(port), .events = POLLIN};
  }
  long long end = -1;
  for (;;) {
    long long left = end < 0 ? -1 : end - now_ms();
    if (end >= 0 && left <= 0) break;
    if (poll(sources, (nfds_t)count, (int)left) < 0 && errno != EINTR) fail("poll");
    for (int index = 1; index < count; index += 1) {
      while (welcome(sources[index].fd)) continue;
    }
    if (sources[0].revents != 0 && end < 0) {
      /* Being told again changes nothing. */
      sources[0].fd = -1;
      end = now_ms() + atoll(setting("GRACE_MS", "3000"));
      atomic_store(&draining, 1);
      puts("told to stop");
    }
  }
  for (int index = 1; index < count; index += 1) {
    /* Closing would reset those that wait. */
    while (welcome(sources[index].fd)) continue;
    close(sources[index].fd);
  }
  close(pipe_ends[1]);
  pthread_mutex_lock(&lock);
  while (connections > 0) pthread_cond_wait(&ended, &lock);
  pthread_mutex_unlock(&lock);
  puts("done");
  return 0;
}

int main(int count, char **words) {
  const char *command = count > 1 ? words[1] : "";
  if (count == 1) return run();
  if (count == 2 && strcmp(command, "check") == 0) return access(UNWELL, F_OK) == 0 ? 1 : 0;
  if (count == 2 && strcmp(command, "well") == 0) return unlink(UNWELL) == 0 || errno == ENOENT ? 0 : 1;
  if (count == 2 && strcmp(command, "unwell") == 0) {
    int fd = open(UNWELL, O_CREAT | O_WRONLY, 0644);
    return fd < 0 ? 1 : close(fd);
  }
  fprintf(stderr, "server: does not know \"%s\"\n", command);
  return 2;
}
