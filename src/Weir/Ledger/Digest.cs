using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Weir;

/// <summary>A SHA-256 value: of an id, or of a request's content (ID-3, ID-4).</summary>
public readonly record struct Digest(UInt128 High, UInt128 Low)
{
    public const int Length = 32;

    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(content, hash);
        return FromBytes(hash);
    }

    /// <summary>Of an ASCII identifier.</summary>
    public static Digest Of(string identifier)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Math.Min(identifier.Length, 1024))];
        return identifier.Length > 1024
            ? Of(Encoding.UTF8.GetBytes(identifier))
            : Of(bytes[..Encoding.UTF8.GetBytes(identifier, bytes)]);
    }

    /// <param name="bytes">32 bytes.</param>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]));

    public void CopyTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], Low);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }
}
