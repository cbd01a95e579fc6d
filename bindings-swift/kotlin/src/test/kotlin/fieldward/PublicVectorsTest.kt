package fieldward

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.time.LocalDate
import java.util.UUID

/** Golden vectors through the package: whatever takes no key, nonce or part of a document. Each test counts its cases. */
internal class PublicVectorsTest {
    private val keyring = keyring()

    private class Case(room: String, source: JsonObject) {
        val name = "$room/${source.getValue("id").jsonPrimitive.content}"
        val op = source.getValue("op").jsonPrimitive.content
        val input = source.getValue("input").jsonObject
        val expect = source.getValue("expect").jsonObject
        val error = expect["error"]?.jsonPrimitive?.content
    }

    private fun each(room: String, op: String, count: Int, check: (Case) -> Boolean) {
        val all = json("core/vectors/$room.json").jsonObject.getValue("cases").jsonArray.map { Case(room, it.jsonObject) }
        assertEquals(count, all.filter { it.op == op }.count(check))
    }

    private fun <T> outcome(call: () -> T): Pair<T?, String?> = try {
        call() to null
    } catch (error: FieldwardException) {
        null to error.code
    }

    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

    /** Bytes as hexadecimal digits, or as a beginning and what fills the rest. */
    private fun bytes(source: JsonElement): ByteArray {
        if (source is JsonPrimitive) return hex(source.content)
        val (beginning, fill) = listOf("prefix", "fill").map { hex(source.jsonObject.getValue(it).jsonPrimitive.content) }
        return beginning + ByteArray(source.jsonObject.getValue("len").jsonPrimitive.int - beginning.size) { fill[0] }
    }

    private fun text(source: JsonElement): String = when (source) {
        is JsonPrimitive -> source.content
        else -> with(source.jsonObject) { getValue("repeat").jsonPrimitive.content.repeat(getValue("times").jsonPrimitive.int) }
    }

    /** The value; none where Kotlin's own type cannot be what the case asks for: a day that there is not. */
    private fun value(source: JsonObject): Value? {
        fun of(member: String) = source.getValue(member).jsonPrimitive.content
        return when (of("type")) {
            "bytes" -> Value.Bytes(hex(of("hex")))
            "text" -> Value.Text(of("text"))
            "i64" -> Value.I64(of("number").toLong())
            "f64" -> Value.F64(Double.fromBits(of("bits").toULong(16).toLong()))
            "bool" -> Value.Bool(source.getValue("bool").jsonPrimitive.boolean)
            "date" -> runCatching { LocalDate.parse(of("text")) }.getOrNull()?.let { Value.Date(it) }
            "timestamp" -> Value.Timestamp(of("text"))
            "decimal" -> Value.Decimal(of("text"))
            "json" -> Value.Json(of("text"))
            "uuid" -> Value.Uuid(UUID.fromString(of("text")))
            else -> error("a type")
        }
    }

    private fun schema(table: String, field: String, id: String = "\"record_binding\": \"none\"") =
        Schema.fromJson("""{"format": "fieldward-schema", "version": 1, "table": "$table", $id, "fields": [$field]}""")

    @Test
    fun `what envelopes say`() = each("envelope", "envelope_inspect", 32) { case ->
        val envelope = case.input.getValue("envelope")
        val text = (envelope as? JsonObject)?.get("text")?.jsonPrimitive?.content
        val (found, error) = outcome { inspect(if (text != null) Stored.Text(text) else Stored.Bytes(bytes(envelope))) }
        assertEquals(case.error, error, case.name)
        if (found != null) {
            val expected = listOf("suite", "key_id", "plaintext_len").map { case.expect.getValue(it).jsonPrimitive.content }
            assertEquals(expected, listOf("${found.suite}", found.keyId, "${found.plaintextLength}"), case.name)
            assertEquals(text != null, found.isText)
        }
        true
    }

    @Test
    fun values() = each("value", "value_encode", 56) { case ->
        val source = case.input.getValue("value").jsonObject
        val padding = case.input["padding"]
        val value = value(source)
        if (value == null || padding != null && case.error != null) return@each false
        val padded = when {
            padding == null -> ""
            padding.jsonPrimitive.isString -> """, "padding": "padme""""
            else -> """, "padding": {"block": $padding}"""
        }
        val type = source.getValue("type").jsonPrimitive.content
        val field = keyring.field(schema("t", """{"id": "x", "type": "$type", "mode": "randomized"$padded}"""), "x")
        val (stored, error) = outcome { field.encrypt(value) }
        assertEquals(case.error, error, case.name)
        if (stored != null) {
            assertEquals(case.expect.getValue("plaintext").jsonPrimitive.content.length / 2L, inspect(stored).plaintextLength, case.name)
            assertEquals(value, field.decrypt(stored), case.name)
        }
        true
    }

    @Test
    fun `record ids`() = each("context", "context_record_id", 13) { case ->
        val parts = case.input.getValue("record").jsonArray.map { it.jsonObject }
        val types = parts.map { it.getValue("type").jsonPrimitive.content }.ifEmpty { listOf("text") }.take(8)
        val declared = types.withIndex().joinToString { (at, type) -> """{"path": "p$at", "type": "$type"}""" }
        val schema = schema("t", """{"id": "x", "type": "text", "mode": "randomized"}""", "\"record_id\": [$declared]")
        assertEquals(types, schema.recordId?.map { it.type })
        val field = keyring.field(schema, "x")
        val own = parts.map { part ->
            when (val value = value(part)) {
                is Value.Text -> value.text
                is Value.Bytes -> value.bytes
                is Value.I64 -> value.number
                is Value.Uuid -> value.uuid
                else -> error("a part")
            }
        }
        val (stored, error) = outcome { field.encrypt("x", RecordId(*own.toTypedArray())) }
        assertEquals(case.error, error, case.name)
        if (stored != null) assertEquals(Value.Text("x"), field.decrypt(stored, RecordId(*own.toTypedArray())), case.name)
        true
    }

    @Test
    fun normalizers() = each("search", "search_normalize", 68) { case ->
        val steps = case.input.getValue("steps")
        val (normalized, error) = outcome {
            val field = """{"id": "x", "type": "text", "mode": "deterministic", "store": "normalized", "normalizer": $steps}"""
            keyring.field(schema("t", field), "x").run { decrypt(encrypt(text(case.input.getValue("text")))) as Value.Text }
        }
        assertEquals(case.error, error, case.name)
        if (normalized != null) assertEquals(text(case.expect.getValue("text")), normalized.text, case.name)
        true
    }

    /** Form and length: the keys are others. */
    private fun shape(index: Any?): Any? = when (index) {
        null, JsonNull -> null
        is ByteArray -> index.size
        is Stored.Bytes -> index.bytes.size
        is JsonArray -> index.map(::shape)
        is List<*> -> index.map(::shape)
        is JsonPrimitive -> index.content.length / 2
        else -> error("an index value")
    }

    private fun indexed(case: Case): Field {
        val (place, index) = case.input.getValue("place").jsonObject to case.input.getValue("index").jsonObject
        val own = index.mapKeys { (option, _) -> if (option == "domain") "search_domain" else option }
        val named = JsonObject(own + ("name" to JsonPrimitive("i")) + ("column" to JsonPrimitive("x_i")))
        val field = """{"id": ${place["field"]}, "type": ${case.input["type"]}, "mode": "randomized", "indexes": [$named]}"""
        return keyring.field(
            schema(place.getValue("table").jsonPrimitive.content, field), place.getValue("field").jsonPrimitive.content,
            place.getValue("tenant").jsonPrimitive.contentOrNull,
        )
    }

    @Test
    fun `index values`() = each("search", "search_index", 44) { case ->
        val given = case.input.getValue("value")
        val (found, error) = outcome { indexed(case).indexValues(if (given is JsonNull) null else value(given.jsonObject)) }
        assertEquals(case.error, error, case.name)
        if (found != null) assertEquals(shape(case.expect.getValue("value")), shape(found.getValue("x_i")), case.name)
        true
    }

    @Test
    fun queries() = each("search", "search_query", 20) { case ->
        val (query, error) = outcome { indexed(case).query("i", value(case.input.getValue("value").jsonObject)!!) }
        assertEquals(case.error, error, case.name)
        if (query != null) {
            assertEquals(shape(case.expect.getValue("tokens")), shape(query.tokens), case.name)
            assertEquals(case.expect.getValue("is_exact").jsonPrimitive.boolean, query.isExact)
        }
        true
    }

    private class Root(override val kind: String, override val keyName: String, private val root: ByteArray) : KeyProvider {
        override suspend fun wrap(secret: ByteArray, context: WrapContext) = ByteArray(1)
        override suspend fun unwrap(wrapped: ByteArray, context: WrapContext) = root.copyOf()
    }

    private class Fixed(private val document: ByteArray) : KeyStore {
        override suspend fun load(keyringId: String) = document
        override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag) = false
    }

    /** The first provider that a document names: of name, kind and key. None for one of the library's own, which has parameters. */
    private fun provider(document: ByteArray): Triple<String, String, String>? {
        val plain = Triple("primary", "local", "k")
        val providers = try {
            Json.parseToJsonElement(document.decodeToString().substringBefore("\nhmac-sha256 ")).jsonObject["providers"]?.jsonArray
        } catch (_: IllegalArgumentException) {
            return plain
        } ?: return plain
        val entry = (providers.firstOrNull() ?: return null) as? JsonObject ?: return plain
        fun of(member: String, otherwise: String) = entry[member]?.jsonPrimitive?.content ?: otherwise
        val isHost = (entry["params"] as? JsonObject)?.isNotEmpty() != true && of("key_name", "k").all { it in ' '..'~' }
        return if (isHost) Triple(of("name", "primary"), of("kind", "local"), of("key_name", "k")) else null
    }

    @Test
    fun `documents that a provider of ours may open`() = each("keyring", "keyring_document_open", 106) { case ->
        val source = case.input.getValue("document")
        val document = if (source is JsonPrimitive) source.content.encodeToByteArray() else bytes(source)
        val (name, kind, keyName) = provider(document) ?: return@each false
        val (opened, error) = outcome {
            val provider = Provider.of(Root(kind, keyName, bytes(case.input.getValue("root"))))
            val id = case.input.getValue("keyring_id").jsonPrimitive.content
            runBlocking { KeyringConfig(id, mapOf(name to provider), Store.of(Fixed(document)), noPin = "a test").open() }
        }
        assertEquals(case.error, error, case.name)
        opened?.use {
            val status = it.status()
            val expected = listOf("generation", "epoch").map { member -> case.expect.getValue(member).jsonPrimitive.content }
            assertEquals(expected, listOf("${status.generation}", "${status.epoch}"), case.name)
            val keys = case.expect.getValue("data_keys").jsonObject.map { (version, key) -> version to (key is JsonNull) }.toMap()
            assertEquals(keys, status.versions.associate { key -> "${key.version}" to (key.state == KeyState.DESTROYED) }, case.name)
        }
        true
    }
}
