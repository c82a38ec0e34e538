using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Columns of the row that a reader stands at.</summary>
internal static class Row
{
    public static int Int(this NpgsqlDataReader row, int column) => row.GetInt32(column);

    public static long Long(this NpgsqlDataReader row, int column) => row.GetInt64(column);

    public static string Text(this NpgsqlDataReader row, int column) => row.GetString(column);

    public static byte[] Bytes(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? [] : row.GetFieldValue<byte[]>(column);

    public static Digest Sha256(this NpgsqlDataReader row, int column)
    {
        byte[] bytes = row.Bytes(column);
        return bytes.Length == Digest.Length ? Digest.FromBytes(bytes) : default;
    }

    public static Instant Time(this NpgsqlDataReader row, int column) => Clock.FromMicros(row.GetInt64(column));

    public static int? IntOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    public static long? LongOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static string? TextOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static Instant? TimeOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    public static IReadOnlyList<string> Texts(this NpgsqlDataReader row, int column) => row.GetFieldValue<string[]>(column);
}
