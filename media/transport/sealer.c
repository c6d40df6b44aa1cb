/* The fan-out's innermost loop in C: AES-128-GCM of a run's packets for every receiver of a chunk, in place.
 *
 * Optional: sealer.py loads it where it was built, and does the same work through the cryptography package otherwise.
 * It knows nothing of RTP and checks nothing: sizes and places come from the arena's layout.
 *
 *     cc -O2 -shared -fPIC -o media/transport/libsealer.so media/transport/sealer.c -lcrypto
 */
#include <openssl/evp.h>
#include <stddef.h>

enum { VERSION = 1, NONCE = 12, TAG = 16 };

struct sealer_packet {
    const unsigned char *header, *clear; /* authenticated only; sealed too */
    int header_size, clear_size;
    const unsigned char *nonces; /* of every receiver, one behind the other */
    size_t start;                /* where in a receiver's stretch the sealed bytes go */
};

int sealer_version(void) { return VERSION; }

void *sealer_key(const unsigned char *key)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context && !EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, NULL)) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

void sealer_forget(void *key) { EVP_CIPHER_CTX_free(key); }

/* All packets of one receiver together, while its key is in the cache. Whether everything went well. */
int sealer_run(void *const *keys, int seats, const struct sealer_packet *packets, int count,
               unsigned char *cells, size_t stride)
{
    for (int seat = 0; seat < seats; seat++) {
        EVP_CIPHER_CTX *key = keys[seat];
        for (int i = 0; i < count; i++) {
            const struct sealer_packet *p = &packets[i];
            unsigned char *out = cells + seat * stride + p->start;
            int size;
            if (!EVP_EncryptInit_ex(key, NULL, NULL, NULL, p->nonces + seat * NONCE)
                || !EVP_EncryptUpdate(key, NULL, &size, p->header, p->header_size)
                || !EVP_EncryptUpdate(key, out, &size, p->clear, p->clear_size)
                || !EVP_EncryptFinal_ex(key, out + p->clear_size, &size)
                || !EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, TAG, out + p->clear_size))
                return 0;
        }
    }
    return 1;
}
