package fieldward

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import org.junit.jupiter.api.assertThrows
import java.io.File
import java.time.LocalDate
import java.util.UUID

internal val root = File(System.getProperty("fieldward.root"))

internal fun json(path: String): JsonElement = Json.parseToJsonElement(root.resolve(path).readText())

/** A keyring in memory. */
internal fun config(
    provider: Provider = Provider.generated(),
    store: Store = Store.memory(),
    audit: List<Sink> = emptyList(),
    clock: ManualClock? = null,
) = KeyringConfig("device-7", mapOf("primary" to provider), store, noPin = "a test in memory", audit = audit, clock = clock)

internal fun keyring(): Keyring = runBlocking { config().create() }

/** What the call throws. */
internal fun thrown(call: suspend () -> Unit): FieldwardException = assertThrows { runBlocking { call() } }

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

/** A value of each type, by its field in [everyType]. */
internal val everyValue = mapOf(
    "a_text" to Value.Text("Zoë 🩺\u0000"),
    "a_bytes" to Value.Bytes(byteArrayOf(0, -1, -128)),
    "a_i64" to Value.I64(Long.MIN_VALUE),
    "a_f64" to Value.F64(-0.0),
    "a_bool" to Value.Bool(true),
    "a_date" to Value.Date(LocalDate.of(2024, 2, 29)),
    "a_timestamp" to Value.Timestamp("1996-12-19T16:39:57.120-08:00"),
    "a_decimal" to Value.Decimal("-0.00"),
    "a_uuid" to Value.Uuid(UUID.fromString("0188f0aa-1111-7abc-8def-0123456789ab")),
    "a_json" to Value.Json("""{"b":[1,null],"a":1.50}"""),
)
