/* The least that this machine asks for the relay's fan-out: the same packets, keys, buffers and kernel calls, and nothing else.
 *
 * No ICE, DTLS, repair, rewriting, reports, nor Python: 30 frames/s of 5 x 1,200 B and 50 sounds/s are sealed with
 * AES-128-GCM under a key context per receiver, the packets of a frame for one receiver together, and leave by
 * sendmmsg in vectors of 64, a frame as one segmented message (UDP GSO) where the kernel takes it.
 *
 *     floor HOST SECONDS GSO PORT...      GSO: 1 or 0; prints {"packets": .., "cpu_s": .., "gso": ..}
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SEATS = 64, FRAME = 5, VIDEO = 1188, AUDIO = 160, HEADER = 12, TAG = 16, CELL = 1536 };

struct receiver {
    EVP_CIPHER_CTX *keys;
    uint8_t salt[12];
    struct sockaddr_in address;
};

static uint8_t cells[SEATS][FRAME][CELL];
static struct iovec parts[SEATS][2 * FRAME];
static struct mmsghdr vector[SEATS];
static union { char bytes[CMSG_SPACE(sizeof(uint16_t))]; struct cmsghdr align; } control;
static uint8_t headers[FRAME][HEADER], payload[VIDEO];
static long long packets_sent;
static int gso = 1, fd;

static void die(const char *what) { perror(what); exit(1); }

static void seal(struct receiver *to, const uint8_t *header, int size, uint8_t *out)
{
    uint8_t nonce[12] = {0};
    int length;
    memcpy(nonce + 2, header + 8, 4);  /* RFC 7714, 8.1: SSRC, wrap-arounds (none here), sequence */
    memcpy(nonce + 10, header + 2, 2);
    for (int i = 0; i < 12; i++) nonce[i] ^= to->salt[i];
    if (!EVP_EncryptInit_ex(to->keys, NULL, NULL, NULL, nonce)
        || !EVP_EncryptUpdate(to->keys, NULL, &length, header, HEADER)
        || !EVP_EncryptUpdate(to->keys, out, &length, payload, size)
        || !EVP_EncryptFinal_ex(to->keys, out + size, &length)
        || !EVP_CIPHER_CTX_ctrl(to->keys, EVP_CTRL_AEAD_GET_TAG, TAG, out + size))
        die("seal");
}

static void leave(int count, int messages_per_seat)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    for (int done = 0; done < count;) {
        int sent = sendmmsg(fd, vector + done, count - done, MSG_DONTWAIT);
        if (sent > 0) done += sent;
        else if (errno == EAGAIN || errno == ENOBUFS) poll(&ready, 1, 5);
        else if (errno != EINTR) die("sendmmsg");
    }
    packets_sent += (long long)count * messages_per_seat;
}

static void send_run(struct receiver *receivers, int total, int packets, int size)
{
    for (int start = 0; start < total; start += SEATS) {
        int seats = total - start < SEATS ? total - start : SEATS;
        for (int i = 0; i < seats; i++)
            for (int p = 0; p < packets; p++) {
                seal(&receivers[start + i], headers[p], size, cells[i][p]);
                parts[i][2 * p] = (struct iovec){headers[p], HEADER};
                parts[i][2 * p + 1] = (struct iovec){cells[i][p], size + TAG};
            }
        int together = gso ? packets : 1;
        for (int first = 0; first < packets; first += together) {
            for (int i = 0; i < seats; i++) {
                struct msghdr *m = &vector[i].msg_hdr;
                *m = (struct msghdr){.msg_name = &receivers[start + i].address, .msg_namelen = sizeof(struct sockaddr_in),
                                     .msg_iov = &parts[i][2 * first], .msg_iovlen = 2 * together};
                if (together > 1) {
                    m->msg_control = control.bytes;
                    m->msg_controllen = sizeof control.bytes;
                }
            }
            leave(seats, together);
        }
    }
}

static void head(int stream, int packet, unsigned sequence, int last)
{
    uint8_t *h = headers[packet];
    h[0] = 0x80;
    h[1] = (stream ? 111 : 96) | (last ? 0x80 : 0);
    h[2] = sequence >> 8;
    h[3] = sequence;
    memset(h + 4, 0, 8);
    h[11] = 1 + stream;  /* SSRC 1: picture, 2: sound */
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void wait_until(double at)
{
    struct timespec t = {(time_t)at, (long)((at - (time_t)at) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static double cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    int total = argc - 4, size = 8 << 20;
    struct receiver *receivers = calloc(total, sizeof *receivers);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (!receivers || fd < 0) die("start");
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int cut = HEADER + VIDEO + TAG, none = 0;
    gso = atoi(argv[3]) && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &cut, sizeof cut) == 0;
    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none);
    struct cmsghdr *c = &control.align;
    *c = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
    uint16_t segment = cut;
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
    for (int i = 0; i < total; i++) {
        uint8_t key[16];
        for (int k = 0; k < 16; k++) key[k] = rand();
        for (int k = 0; k < 12; k++) receivers[i].salt[k] = rand();
        receivers[i].keys = EVP_CIPHER_CTX_new();
        if (!EVP_EncryptInit_ex(receivers[i].keys, EVP_aes_128_gcm(), NULL, key, NULL)) die("key");
        receivers[i].address.sin_family = AF_INET;
        receivers[i].address.sin_port = htons(atoi(argv[4 + i]));
        if (inet_pton(AF_INET, argv[1], &receivers[i].address.sin_addr) != 1) return 2;
    }
    double began = now(), used = cpu(), seconds = atof(argv[2]);
    long frames = 0, sounds = 0;
    unsigned video = 0, audio = 0;
    for (;;) {
        double passed = now() - began, next_frame = frames / 30.0, next_sound = sounds / 50.0;
        if (passed >= seconds) break;
        if (next_frame <= passed) {
            for (int p = 0; p < FRAME; p++) head(0, p, video++, p == FRAME - 1);
            send_run(receivers, total, FRAME, VIDEO);
            frames++;
        } else if (next_sound <= passed) {
            head(1, 0, audio++, 0);
            send_run(receivers, total, 1, AUDIO);
            sounds++;
        } else wait_until(began + (next_frame < next_sound ? next_frame : next_sound));
    }
    printf("{\"packets\": %lld, \"cpu_s\": %.6f, \"gso\": %s}\n", packets_sent, cpu() - used, gso ? "true" : "false");
    return 0;
}
