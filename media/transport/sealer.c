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

enum { VERSION = 3, NONCE = 12, TAG = 16 };

struct sealer_packet {
    const unsigned char *header, *clear; /* authenticated only; sealed too */
    int header_size, clear_size;
    const unsigned char *nonces; /* of every receiver, one behind the other */
    size_t start;                /* where in a receiver's stretch the packet begins */
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

static int seal(void *key, const struct sealer_packet *p, const unsigned char *nonce, unsigned char *out)
{
    struct gcm_context_data work;
    IMB_AES128_GCM_ENC(imb, key, &work, out, p->clear, p->clear_size, nonce, p->header, p->header_size,
                       out + p->clear_size, TAG);
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

static int seal(void *key, const struct sealer_packet *p, const unsigned char *nonce, unsigned char *out)
{
    int size;
    return EVP_EncryptInit_ex(key, NULL, NULL, NULL, nonce)
        && EVP_EncryptUpdate(key, NULL, &size, p->header, p->header_size)
        && EVP_EncryptUpdate(key, out, &size, p->clear, p->clear_size)
        && EVP_EncryptFinal_ex(key, out + p->clear_size, &size)
        && EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, TAG, out + p->clear_size);
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
            if (!seal(keys[seat], p, p->nonces + seat * NONCE, cells + seat * stride + p->start + p->header_size))
                return 0;
        }
    return 1;
}
