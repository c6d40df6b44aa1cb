/* The fan-out's innermost loop in C: AES-128-GCM of a run's packets for every receiver of a chunk, in place.
 *
 * Optional: sealer.py loads it where it was built, and does the same work through the cryptography package otherwise.
 * It knows nothing of RTP and checks nothing: sizes and places come from the arena's layout. The cipher is Intel's
 * IPsec library where that is there (x86 of any maker), else OpenSSL; the Makefile tries them in this order.
 *
 *     cc -O2 -shared -fPIC -DIPSEC_MB -o media/transport/libsealer.so media/transport/sealer.c -lIPSec_MB
 *     cc -O2 -shared -fPIC            -o media/transport/libsealer.so media/transport/sealer.c -lcrypto
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 4, NONCE = 12, TAG = 16 };

struct sealer_packet {
    const unsigned char *header, *clear; /* authenticated only; sealed too */
    int header_size, clear_size;
    const unsigned char *nonces; /* of every receiver, one behind the other */
    size_t start;                /* where in a receiver's stretch the packet begins */
};

struct sealer_numbers { /* of a packet of the picture, as its rung numbers it; places in `clear`, -1 for none */
    long long sequence;
    unsigned timestamp;
    int picture, picture_at, picture_bits, level_at;
};

struct sealer_shift { /* what one receiver adds to them */
    long long packets;
    unsigned ticks, turns;
    int pictures, levels;
};

int sealer_version(void) { return VERSION; }

#ifdef IPSEC_MB
#include <intel-ipsec-mb.h>

static IMB_MGR *imb;

/* The cipher's name, or NULL where this processor cannot run it. */
const char *sealer_cipher(void)
{
    if (!imb && (imb = alloc_mb_mgr(0)))
        init_mb_mgr_auto(imb, NULL);
    return imb && !imb_get_errno(imb) ? "IPsec-MB" : NULL;
}

void *sealer_key(const unsigned char *bytes)
{
    struct gcm_key_data *key = aligned_alloc(64, (sizeof *key + 63) / 64 * 64);
    if (key)
        IMB_AES128_GCM_PRE(imb, bytes, key);
    return key;
}

void sealer_forget(void *key)
{
    explicit_bzero(key, sizeof(struct gcm_key_data));
    free(key);
}

static int seal(void *key, const unsigned char *nonce, const unsigned char *header, int header_size,
                const unsigned char *clear, int clear_size, unsigned char *out)
{
    struct gcm_context_data work;
    IMB_AES128_GCM_ENC(imb, key, &work, out, clear, clear_size, nonce, header, header_size, out + clear_size, TAG);
    return 1;
}

#else
#include <openssl/evp.h>

const char *sealer_cipher(void) { return "OpenSSL"; }

void *sealer_key(const unsigned char *bytes)
{
    EVP_CIPHER_CTX *key = EVP_CIPHER_CTX_new();
    if (key && !EVP_EncryptInit_ex(key, EVP_aes_128_gcm(), NULL, bytes, NULL)) {
        EVP_CIPHER_CTX_free(key);
        key = NULL;
    }
    return key;
}

void sealer_forget(void *key) { EVP_CIPHER_CTX_free(key); }

static int seal(void *key, const unsigned char *nonce, const unsigned char *header, int header_size,
                const unsigned char *clear, int clear_size, unsigned char *out)
{
    int size;
    return EVP_EncryptInit_ex(key, NULL, NULL, NULL, nonce)
        && EVP_EncryptUpdate(key, NULL, &size, header, header_size)
        && EVP_EncryptUpdate(key, out, &size, clear, clear_size)
        && EVP_EncryptFinal_ex(key, out + clear_size, &size)
        && EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, TAG, out + clear_size);
}
#endif

/* The headers, which all receivers share, once for all chunks. */
void sealer_lay(int seats, const struct sealer_packet *packets, int count, unsigned char *cells, size_t stride)
{
    for (int seat = 0; seat < seats; seat++)
        for (int i = 0; i < count; i++)
            memcpy(cells + seat * stride + packets[i].start, packets[i].header, packets[i].header_size);
}

/* All packets of one receiver together, while its key is in the cache. Whether everything went well. */
int sealer_run(void *const *keys, int seats, const struct sealer_packet *packets, int count,
               unsigned char *cells, size_t stride)
{
    for (int seat = 0; seat < seats; seat++)
        for (int i = 0; i < count; i++) {
            const struct sealer_packet *p = &packets[i];
            if (!seal(keys[seat], p->nonces + seat * NONCE, p->header, p->header_size, p->clear, p->clear_size,
                      cells + seat * stride + p->start + p->header_size))
                return 0;
        }
    return 1;
}

static void put(unsigned char *at, unsigned value, int bytes)
{
    while (bytes--) {
        at[bytes] = value;
        value >>= 8;
    }
}

/* The same for receivers that count by themselves: header, numbers within VP8 and nonce are each one's own.
 * `skipped`: a byte for each seat, not 0 for whom the number may mean another packet: nothing is sealed for it. */
int sealer_run_shifted(void *const *keys, int seats, const struct sealer_packet *packets,
                       const struct sealer_numbers *numbers, int count, const struct sealer_shift *shifts,
                       const unsigned char *salts, const unsigned char *skipped, unsigned ssrc,
                       unsigned char *cells, size_t stride)
{
    for (int seat = 0; seat < seats; seat++) {
        const struct sealer_shift *own = &shifts[seat];
        for (int i = 0; i < count && !skipped[seat]; i++) {
            const struct sealer_packet *p = &packets[i];
            const struct sealer_numbers *n = &numbers[i];
            unsigned char *header = cells + seat * stride + p->start, *body = header + p->header_size;
            long long number = n->sequence + own->packets;
            unsigned char nonce[NONCE] = {0};
            put(nonce + 2, ssrc, 4); /* RFC 7714, 8.1 */
            put(nonce + 6, (unsigned)(number >> 16) + own->turns, 4);
            put(nonce + 10, number, 2);
            for (int b = 0; b < NONCE; b++)
                nonce[b] ^= salts[seat * NONCE + b];
            memcpy(header, p->header, p->header_size);
            put(header + 2, number, 2);
            put(header + 4, n->timestamp + own->ticks, 4);
            memcpy(body, p->clear, p->clear_size);
            if (n->picture_bits == 15) /* RFC 7741, 4.2 */
                put(body + n->picture_at, ((n->picture + own->pictures) & 0x7FFF) | 0x8000, 2);
            else if (n->picture_bits)
                body[n->picture_at] = (n->picture + own->pictures) & 0x7F;
            if (n->level_at >= 0)
                body[n->level_at] += own->levels;
            if (!seal(keys[seat], nonce, header, p->header_size, body, p->clear_size, body))
                return 0;
        }
    }
    return 1;
}
