package fieldward

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** `test.sh` runs the examples and compares what they print; the README shows parts of them. */
internal class ExamplesTest {
    private fun lines(text: String) = text.lines().map { it.trim() }.filter { it.isNotEmpty() }.joinToString("\n")

    @Test
    fun `the README shows what runs`() {
        val shown = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL)
            .findAll(root.resolve("bindings-swift/README.md").readText()).map { lines(it.groupValues[1]) }.toList()
        val examples = root.resolve("bindings-swift/kotlin/examples").listFiles()!!.map { lines(it.readText()) }
        assertEquals(5, examples.size)
        for (example in examples) assertEquals(1, shown.count { it in example })
        assertTrue(shown.all { block -> examples.any { block in it } || block.startsWith("val config") })
    }
}
