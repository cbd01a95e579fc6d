package fieldward

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import org.junit.jupiter.api.assertThrows
import java.io.File

internal val root = File(System.getProperty("fieldward.root"))

internal fun json(path: String): JsonElement = Json.parseToJsonElement(root.resolve(path).readText())

/** A keyring in memory. */
internal fun config(provider: Provider = Provider.generated(), store: Store = Store.memory()) =
    KeyringConfig("device-7", mapOf("primary" to provider), store, noPin = "a test in memory")

internal fun keyring(): Keyring = runBlocking { config().create() }

/** The code of the error that the call throws. */
internal fun code(call: () -> Unit): String = assertThrows<FieldwardException> { call() }.code

/** One field of each type, bound to an integer. */
internal val everyType: Schema = Schema.fromJson(
    """
    {"format": "fieldward-schema", "version": 1, "table": "things", "record_id": [{"path": "id", "type": "i64"}],
     "clear": ["ward", "nested"], "fields": [${
        listOf("text", "bytes", "i64", "f64", "bool", "date", "timestamp", "decimal", "uuid", "json").joinToString {
            """{"id": "a_$it", "type": "$it", "mode": "randomized"}"""
        }
    }, {"id": "code", "type": "text", "mode": "deterministic"}]}
    """,
)
