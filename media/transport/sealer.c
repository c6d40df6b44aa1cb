/* The fan-out's innermost loop in C: AES-128-GCM of a run's packets for every receiver of a chunk, in place.
 *
 * Optional: sealer.py loads it where it was built, and does the same work through the cryptography package otherwise.
 * It checks nothing: sizes and places come from the arena's layout. The cipher is Intel's
 * IPsec library where that is there (x86 of any maker), else OpenSSL; the Makefile tries them in this order.
 *
 *     cc -O2 -shared -fPIC -DIPSEC_MB -o media/transport/libsealer.so media/transport/sealer.c -lIPSec_MB
 *     cc -O2 -shared -fPIC            -o media/transport/libsealer.so media/transport/sealer.c -lcrypto
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 5, NONCE = 12, TAG = 16 };

struct sealer_packet { /* of a slot, as the slot numbers it */
    const unsigned char *header, *clear; /* authenticated only; sealed too */
    int header_size, clear_size;
    size_t start; /* where in a receiver's stretch the packet begins */
    long long sequence;
    unsigned timestamp;
    int picture, picture_at, picture_bits, level_at; /* VP8's own numbers, and where in `clear`; -1 for none */
};

struct sealer_shift { /* what one receiver adds to them */
    long long packets;
    unsigned ticks, turns; /* turns: of the numbers, as the receiver counts */
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

static void put(unsigned char *at, unsigned value, int bytes)
{
    while (bytes--) {
        at[bytes] = value;
        value >>= 8;
    }
}

static int seal_for(void *key, const unsigned char *salt, const struct sealer_shift *own,
                    const struct sealer_packet *p, unsigned ssrc, unsigned char *header)
{
    unsigned char *body = header + p->header_size;
    const unsigned char *clear = p->clear;
    long long number = p->sequence + own->packets;
    unsigned char nonce[NONCE] = {0};
    put(nonce + 2, ssrc, 4); /* RFC 7714, 8.1 */
    put(nonce + 6, (unsigned)(number >> 16) + own->turns, 4);
    put(nonce + 10, number, 2);
    for (int i = 0; i < NONCE; i++)
        nonce[i] ^= salt[i];
    memcpy(header, p->header, p->header_size);
    put(header + 2, number, 2);
    put(header + 4, p->timestamp + own->ticks, 4);
    if ((own->pictures && p->picture_bits) || (own->levels && p->level_at >= 0)) { /* RFC 7741, 4.2 */
        clear = memcpy(body, clear, p->clear_size);
        if (p->picture_bits == 15)
            put(body + p->picture_at, ((p->picture + own->pictures) & 0x7FFF) | 0x8000, 2);
        else if (p->picture_bits)
            body[p->picture_at] = (p->picture + own->pictures) & 0x7F;
        if (p->level_at >= 0)
            body[p->level_at] += own->levels;
    }
    return seal(key, nonce, header, p->header_size, clear, p->clear_size, body);
}

/* All packets of one receiver together, while its key is in the cache. Whether everything went well.
 * `skipped`: a byte for each seat, not 0 for whom the number may mean another packet: nothing is sealed for it. */
int sealer_run(void *const *keys, const unsigned char *salts, const struct sealer_shift *shifts, int seats,
               const unsigned char *skipped, const struct sealer_packet *packets, int count, unsigned ssrc,
               unsigned char *cells, size_t stride)
{
    for (int seat = 0; seat < seats; seat++)
        for (int i = 0; i < count && !skipped[seat]; i++)
            if (!seal_for(keys[seat], salts + seat * NONCE, &shifts[seat], &packets[i], ssrc,
                          cells + seat * stride + packets[i].start))
                return 0;
    return 1;
}
