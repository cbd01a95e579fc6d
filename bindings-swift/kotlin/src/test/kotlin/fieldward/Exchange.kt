package fieldward

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import java.io.File
import java.time.LocalDate
import java.util.HexFormat
import java.util.UUID
import kotlin.system.exitProcess

/** The Kotlin part of the exchange between languages: `core/vectors/exchange/README.md` says what it writes and checks. */
internal object Exchange {
    private val inputs = json("core/vectors/exchange/inputs.json").jsonObject
    private val schema = Schema.fromJson(inputs.getValue("schema").toString())
    private val items = inputs.getValue("values").jsonArray.map { it.jsonObject }
    private val records = inputs.getValue("records").jsonArray.map { it.jsonObject }
    private val queries = inputs.getValue("queries").jsonArray.map { it.jsonObject }

    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        when {
            arguments.size == 2 && arguments[0] == "write" -> write(File(arguments[1], "kotlin"))
            arguments.size > 2 && arguments[0] == "read" -> arguments.drop(2).forEach { language ->
                try {
                    read(language, File(arguments[1], language))
                } catch (error: Exception) {
                    System.err.println("kotlin reads $language: ${error.message}")
                    exitProcess(1)
                }
            }
            else -> {
                System.err.println("usage: exchange write DIR | exchange read DIR LANGUAGE...")
                exitProcess(1)
            }
        }
    }

    private fun config(language: String, directory: File, provider: Provider) = KeyringConfig(
        "exchange-$language", mapOf("primary" to provider), Store.file(directory.resolve("keys").path),
        noPin = "the keyring of another language is read once",
    )

    private suspend fun write(directory: File) {
        directory.mkdirs()
        val keyring = config("kotlin", directory, Provider.newKeyFile(directory.resolve("root.key").path)).create()
        val patients = keyring.records(schema)
        val values = mutableMapOf<String, JsonElement>()
        val stored = mutableListOf<JsonElement>()
        val half = items.size / 2
        for ((someItems, someRecords) in listOf(items.take(half) to records.take(2), items.drop(half) to records.drop(2))) {
            if (values.isNotEmpty()) keyring.rotateImmediately()
            for (item in someItems) {
                val field = keyring.field(schema, item.text("field"))
                val envelope = field.encrypt(value(item.getValue("value").jsonObject), bound(item.text("field"), "record_id"))
                values[item.text("id")] = JsonPrimitive((envelope as Stored.Text).text)
            }
            someRecords.forEach { stored += Json.parseToJsonElement(patients.encryptDocument(it.toString())) }
        }
        val tokens = queries.associate { it.text("id") to buildJsonArray { tokens(keyring, it).forEach { add(JsonPrimitive(it)) } } }
        val corpus = buildJsonObject {
            put("values", JsonObject(values))
            put("records", buildJsonArray { stored.forEach(::add) })
            put("tokens", JsonObject(tokens))
        }
        directory.resolve("corpus.json").writeText(corpus.toString())
    }

    private suspend fun read(language: String, directory: File) {
        val corpus = Json.parseToJsonElement(directory.resolve("corpus.json").readText()).jsonObject
        val keyring = config(language, directory, Provider.keyFile(directory.resolve("root.key").path)).open()
        val patients = keyring.records(schema)
        check(corpus.keys == setOf("values", "records", "tokens")) { "members of the corpus" }
        check(keyring.status().versions.size == 2) { "versions" }
        val values = corpus.getValue("values").jsonObject
        check(values.keys == items.map { it.text("id") }.toSet()) { "the values" }
        for (item in items) {
            try {
                readValue(keyring, item, values.getValue(item.text("id")).jsonPrimitive.content)
            } catch (error: Exception) {
                error("${item.text("id")}: ${error.message}")
            }
        }
        val stored = corpus.getValue("records").jsonArray
        check(stored.size == records.size) { "the number of records" }
        for ((row, record) in stored zip records) {
            check(Json.parseToJsonElement(patients.decryptDocument(row.toString())) == record) { "a record" }
        }
        val tokens = corpus.getValue("tokens").jsonObject
        check(tokens.keys == queries.map { it.text("id") }.toSet()) { "the queries" }
        for (query in queries) {
            val made = tokens(keyring, query)
            check(made == tokens.getValue(query.text("id")).jsonArray.map { it.jsonPrimitive.content }.toSet()) { query.text("id") }
            val found = stored.map { it.jsonObject }.filter { row ->
                val cell = row[query.text("column")]
                cell is JsonPrimitive && cell.isString && cell.content in made
            }
            check(found.map { it.getValue("id").jsonPrimitive.long } == query.getValue("finds").jsonArray.map { it.jsonPrimitive.long }) {
                query.text("id")
            }
        }
    }

    private fun readValue(keyring: Keyring, item: JsonObject, stored: String) {
        val spec = schema.fields.first { it.id == item.text("field") }
        val field = keyring.field(schema, spec.id)
        val id = bound(spec.id, "record_id")
        check(field.decrypt(stored, id) == value(item.getValue("value").jsonObject)) { "another value" }
        if (!spec.isDeterministic) refused("under another record id") { field.decrypt(stored, bound(spec.id, "other_record_id")) }
        val twin = schema.fields.find { it.id != spec.id && it.type == spec.type && it.isDeterministic == spec.isDeterministic }
        if (twin != null) refused("in another field") { keyring.field(schema, twin.id).decrypt(stored, id) }
    }

    private fun refused(what: String, call: () -> Unit) {
        val code = try {
            call()
            "nothing"
        } catch (error: FieldwardException) {
            error.code
        }
        check(code == "authentication_failed") { what }
    }

    private fun tokens(keyring: Keyring, query: JsonObject): Set<String> {
        val field = keyring.field(schema, query.text("field"))
        val value = value(query.getValue("value").jsonObject)
        val index = query.getValue("index")
        val tokens = if (index is JsonNull) field.tokens(value) else field.query(index.jsonPrimitive.content, value).tokens
        return tokens.map { (it as Stored.Text).text }.toSet()
    }

    /** Randomized values are bound to their record, deterministic ones to none. */
    private fun bound(field: String, which: String): RecordId? {
        val id = inputs.getValue(which).jsonObject.text("number").toLong()
        return if (schema.fields.first { it.id == field }.isDeterministic) null else RecordId(id)
    }

    private fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

    private fun value(typed: JsonObject): Value = when (val type = typed.text("type")) {
        "bytes" -> Value.Bytes(HexFormat.of().parseHex(typed.text("hex")))
        "text" -> Value.Text(typed.text("text"))
        "i64" -> Value.I64(typed.text("number").toLong())
        "f64" -> Value.F64(Double.fromBits(typed.text("bits").toULong(16).toLong()))
        "bool" -> Value.Bool(typed.getValue("bool").jsonPrimitive.boolean)
        "date" -> Value.Date(LocalDate.parse(typed.text("text")))
        "timestamp" -> Value.Timestamp(typed.text("text"))
        "decimal" -> Value.Decimal(typed.text("text"))
        "json" -> Value.Json(typed.text("text"))
        "uuid" -> Value.Uuid(UUID.fromString(typed.text("text")))
        else -> error("an unknown type: $type")
    }
}
