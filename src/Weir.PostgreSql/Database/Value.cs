using NodaTime;

using Npgsql;

using NpgsqlTypes;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>Parameters of statements, by position. The type is always said: a null has none of its own.</summary>
internal static class Value
{
    public static NpgsqlParameter Int(int value) => new NpgsqlParameter<int> { TypedValue = value };

    public static NpgsqlParameter Int(int? value) => Of(NpgsqlDbType.Integer, value);

    public static NpgsqlParameter Long(long value) => new NpgsqlParameter<long> { TypedValue = value };

    public static NpgsqlParameter Long(long? value) => Of(NpgsqlDbType.Bigint, value);

    public static NpgsqlParameter Bool(bool value) => new NpgsqlParameter<bool> { TypedValue = value };

    public static NpgsqlParameter Text(string? value) => Of(NpgsqlDbType.Text, value);

    public static NpgsqlParameter Bytes(byte[]? value) => Of(NpgsqlDbType.Bytea, value);

    public static NpgsqlParameter Bytes(ReadOnlyMemory<byte> value) => Of(NpgsqlDbType.Bytea, value);

    public static NpgsqlParameter Time(Instant value) => Long(Clock.ToMicros(value));

    public static NpgsqlParameter Time(Instant? value) => Long(Micros(value));

    public static NpgsqlParameter Digest(Digest value) => Of(NpgsqlDbType.Bytea, value.ToArray());

    public static NpgsqlParameter Longs(IEnumerable<long> values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values.ToArray());

    public static NpgsqlParameter Longs(long?[] values) => Column(NpgsqlDbType.Bigint, values);

    public static NpgsqlParameter Ints(int[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Integer, values);

    public static NpgsqlParameter Ints(int?[] values) => Column(NpgsqlDbType.Integer, values);

    public static NpgsqlParameter Bools(bool[] values) => Of(NpgsqlDbType.Array | NpgsqlDbType.Boolean, values);

    public static NpgsqlParameter Texts(IEnumerable<string?>? values) => Column(NpgsqlDbType.Text, values?.ToArray());

    public static NpgsqlParameter BytesOf(byte[]?[] values) => Column(NpgsqlDbType.Bytea, values);

    public static NpgsqlParameter Digests(IEnumerable<Digest> values) => BytesOf([.. values.Select(value => value.ToArray())]);

    public static long? Micros(Instant? instant) => instant is { } given ? Clock.ToMicros(given) : null;

    /// <summary>A column without any value is sent as one null: beside others, unnest makes as many of it as they have rows.</summary>
    private static NpgsqlParameter Column<T>(NpgsqlDbType type, T?[]? values) =>
        Of(NpgsqlDbType.Array | type, values is { Length: > 0 } && Array.TrueForAll(values, value => value is null) ? null : values);

    private static NpgsqlParameter Of(NpgsqlDbType type, object? value) => new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };
}
