using System.Buffers.Binary;
using System.Numerics;

namespace Weir.Client;

/// <summary>
/// What a segment file looks like: eight bytes that name the format, then records, each its length (4 bytes), the CRC-32C of length and
/// payload (4 bytes) and the payload; numbers are little-endian. A file that was cut, or in which a bit has changed, gives back the
/// records before that place.
/// </summary>
internal static class SpoolFormat
{
    public const int HeaderLength = 8;

    public const int FrameLength = 8;

    /// <summary>Bytes of a payload: an event twice over, and what belongs to it.</summary>
    public const int LargestPayload = 1024 * 1024;

    public static ReadOnlySpan<byte> Header => "WEIRSPL1"u8;

    public static int LengthOf(int payload) => FrameLength + payload;

    /// <summary>Writes one record.</summary>
    /// <returns>How many bytes it takes.</returns>
    public static int Write(Span<byte> target, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Checksum(target[..4], payload));
        payload.CopyTo(target[FrameLength..]);
        return LengthOf(payload.Length);
    }

    /// <summary>The record at the beginning of the bytes.</summary>
    /// <returns>False where there is no whole, unchanged record.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (bytes.Length < FrameLength)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        // Lengths outside the bounds were never written; a file of zeros has no records.
        if (length is <= 0 or > LargestPayload || length > bytes.Length - FrameLength)
        {
            return false;
        }

        payload = bytes.Slice(FrameLength, length);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == Checksum(bytes[..4], payload);
    }

    /// <summary>CRC-32C (Castagnoli), as in RFC 3720.</summary>
    public static uint Checksum(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Continue(Continue(uint.MaxValue, first), second);

    private static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}
