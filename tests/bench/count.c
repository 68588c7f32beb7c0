/* A plugin of QEMU 7 and later: how many instructions a program ran, written at its end.
 *
 *     qemu-aarch64 -plugin count.so,out=FILE program
 *
 * What it needs of the plugins' interface is declared here: Debian packages no header. The counter
 * is not atomic: of instructions that two threads run at once a few are lost.
 */
#include <inttypes.h>
#include <stdio.h>

typedef uint64_t plugin_id;
struct block;

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct block *, int, void *, uint64_t);
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

enum { ADD_U64 = 0 };

int qemu_plugin_version = 1;

static uint64_t counted;
static const char *path;

static void translated(plugin_id id, struct block *block)
{
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &counted, qemu_plugin_tb_n_insns(block));
}

static void ended(plugin_id id, void *nothing)
{
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "%" PRIu64 "\n", counted);
        fclose(file);
    }
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    if (argc != 1)
        return -1;
    path = argv[0] + sizeof "out=" - 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
