import fieldward.Schema;

/** Whether the jar is whole: loads the library from it and reads a schema there. java -cp 'out/*' Used.java */
final class Used {
    public static void main(String[] arguments) {
        if (!Schema.Companion.patient().getTable().equals("patients")) throw new IllegalStateException("another table");
        System.out.println("fieldward on " + com.sun.jna.Platform.RESOURCE_PREFIX);
    }
}
