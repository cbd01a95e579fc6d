package fieldward

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray
import kotlinx.serialization.json.add
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** Every golden vector: all rooms in the library that this process loaded, schemas and records through the package as well. */
internal class VectorsTest {
    private val rooms = root.resolve("core/vectors").listFiles { file -> file.extension == "json" }!!.sorted()

    private fun cases(room: String) =
        json("core/vectors/$room.json").jsonObject.getValue("cases").jsonArray.map { it.jsonObject }

    private val JsonObject.id get() = getValue("id").jsonPrimitive.content
    private val JsonObject.op get() = getValue("op").jsonPrimitive.content
    private val JsonObject.input get() = getValue("input").jsonObject

    @Test
    fun `how many there are`() {
        val counts = rooms.associate { it.nameWithoutExtension to cases(it.nameWithoutExtension).size }
        val expected = mapOf(
            "context" to 44, "derive" to 13, "envelope" to 114, "keyring" to 239, "record" to 92, "schema" to 191,
            "search" to 175, "suite" to 34, "value" to 146,
        )
        assertEquals(expected, counts)
    }

    @TestFactory
    fun `in the library`(): List<DynamicTest> = rooms.flatMap { file ->
        val room = file.nameWithoutExtension
        cases(room).map { case ->
            dynamicTest("$room/${case.id}") {
                val actual = fieldward.ffi.runVector(room, case.op, case.input.toString())
                assertEquals(case.getValue("expect"), actual?.let(Json::parseToJsonElement))
            }
        }
    }

    @TestFactory
    fun schemas(): List<DynamicTest> = cases("schema").map { case ->
        dynamicTest(case.id) {
            val toml = case.input["toml"]
            val actual = result {
                val schema = if (toml != null) Schema.fromToml(text(toml)) else Schema.fromJson(text(case.input.getValue("json")))
                buildJsonObject { putJsonArray("fields") { schema.fields.forEach { add(it.id) } } }
            }
            assertEquals(case.getValue("expect"), actual)
        }
    }

    @TestFactory
    fun records(): List<DynamicTest> = cases("record").map { case ->
        dynamicTest(case.id) {
            val actual = keyring().use { keyring ->
                val records = keyring.records(Schema.fromJson(case.input.getValue("schema").jsonPrimitive.content))
                val record = case.input.getValue("record").jsonPrimitive.content
                result { if (case.op == "record_encrypt") encrypted(records, record) else changed(records, record, case.input) }
            }
            assertEquals(case.getValue("expect"), actual)
        }
    }

    private fun encrypted(records: Records, record: String): JsonElement {
        val row = records.encryptJson(record)
        assertEquals(record, records.decryptJson(row))
        val names = Json.parseToJsonElement(record).jsonObject.keys
        return buildJsonObject {
            putJsonArray("encrypted") { names.filter { row[it] is String || row[it] is ByteArray }.forEach { add(it) } }
            put("indexes", buildJsonObject {
                (row - names).forEach { (column, value) ->
                    put(column, if (value is List<*>) value.size else if (value == null) 0 else 1)
                }
            })
        }
    }

    private fun changed(records: Records, record: String, input: JsonObject): JsonElement {
        val row = records.encryptJson(record)
        val changes = input.getValue("change").jsonObject.mapValues { (_, change) ->
            val other = (change as? JsonObject)?.get("cell")
            if (other != null) row.getValue(other.jsonPrimitive.content) else Value.Json(change.toString())
        }
        return buildJsonObject { put("same", records.decryptJson(row + changes) == record) }
    }

    private fun result(call: () -> JsonElement): JsonElement = try {
        call()
    } catch (error: FieldwardException) {
        buildJsonObject { put("error", error.code) }
    }

    private fun text(source: JsonElement): String = when (source) {
        is JsonPrimitive -> source.content
        is JsonArray -> error("a text")
        is JsonObject -> source.getValue("repeat").jsonPrimitive.content.repeat(source.getValue("times").jsonPrimitive.int)
    }
}
