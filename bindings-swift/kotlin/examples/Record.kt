// Encrypt a record: sensitive fields become bytes for the database, with index columns beside them, and come back as they were.

package fieldward.examples

import fieldward.KeyringConfig
import fieldward.Pin
import fieldward.Provider
import fieldward.Schema
import fieldward.Store
import kotlinx.coroutines.runBlocking
import kotlin.io.path.createTempDirectory

fun main(): Unit = runBlocking {
    val folder = createTempDirectory("device-").toFile()
    val config = KeyringConfig(
        "device-7", mapOf("primary" to Provider.newKeyFile("$folder/root.key")), Store.file("$folder/keys"), Pin.file("$folder/pins"),
    )
    val keyring = config.create() // once; `open` and `Provider.keyFile` from then on

    val patients = keyring.records(Schema.patient())
    val row = patients.encrypt(mapOf("patient_id" to "p-7", "ssn" to "999-41-1234", "ward" to 3))
    // row["ssn"] is a ByteArray for the database, row["ssn_exact"] stands beside it for search
    val patient = patients.decrypt(row)

    println("columns ${row.keys.sorted().joinToString(" ")}")
    println("ssn ${(row["ssn"] as ByteArray).size} bytes, ward ${row["ward"]}")
    println("read ${patient["ssn"]}")
    keyring.close()
    check(folder.deleteRecursively())
}
