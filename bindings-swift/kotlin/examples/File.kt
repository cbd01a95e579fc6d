// A file: its bytes are a value, bound to the letter that they belong to.

package fieldward.examples

import fieldward.FieldwardException
import fieldward.KeyringConfig
import fieldward.Provider
import fieldward.RecordId
import fieldward.Schema
import fieldward.Store
import fieldward.Value
import kotlinx.coroutines.runBlocking
import kotlin.io.path.createTempDirectory

fun main(): Unit = runBlocking {
    val folder = createTempDirectory("letters-").toFile()
    val config = KeyringConfig("device-7", mapOf("primary" to Provider.generated()), Store.memory(), noPin = "an example in memory")
    val keyring = config.create()
    val schema = Schema.fromJson(
        """{"format": "fieldward-schema", "version": 1, "table": "letters", "record_id": [{"path": "id", "type": "text"}],
           "fields": [{"id": "scan", "type": "bytes", "mode": "randomized"}]}""",
    )
    val (plain, sealed) = folder.resolve("letter.pdf") to folder.resolve("letter.sealed")
    plain.writeBytes(ByteArray(100_000) { it.toByte() })

    val scan = keyring.field(schema, "scan")
    val stored = scan.encrypt(plain.readBytes(), RecordId("letter-1")) // files of up to 16 MiB
    sealed.writeBytes(stored.column as ByteArray)
    val opened = scan.decrypt(sealed.readBytes(), RecordId("letter-1")) as Value.Bytes

    println("${plain.length()} bytes, encrypted ${sealed.length()}")
    println("read ${if (opened.bytes.contentEquals(plain.readBytes())) "the same" else "something else"}")
    try {
        scan.decrypt(sealed.readBytes(), RecordId("letter-2"))
    } catch (refused: FieldwardException.Authentication) {
        println("as another letter: ${refused.code}")
    }
    keyring.close()
    check(folder.deleteRecursively())
}
