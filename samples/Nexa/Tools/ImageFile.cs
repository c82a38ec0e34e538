using System.Buffers.Binary;

namespace Nexa;

internal sealed record ImageFacts(string Format, int Width, int Height, int Bytes, string Orientation, decimal Megapixels, decimal BitsPerByte);

/// <summary>Reads what the head of an image file says, and how dense its bytes are.</summary>
internal static class ImageFile
{
    /// <summary>Null when it is none of PNG, GIF, JPEG, BMP.</summary>
    public static ImageFacts? Read(ReadOnlySpan<byte> file)
    {
        (string Format, int Width, int Height)? head = file switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] when file.Length >= 24 => ("png", BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..])),
            [(byte)'G', (byte)'I', (byte)'F', ..] when file.Length >= 10 => ("gif", BinaryPrimitives.ReadUInt16LittleEndian(file[6..]), BinaryPrimitives.ReadUInt16LittleEndian(file[8..])),
            [(byte)'B', (byte)'M', ..] when file.Length >= 26 => ("bmp", BinaryPrimitives.ReadInt32LittleEndian(file[18..]), Math.Abs(BinaryPrimitives.ReadInt32LittleEndian(file[22..]))),
            [0xFF, 0xD8, ..] => Jpeg(file),
            _ => null,
        };
        if (head is not var (format, width, height) || width <= 0 || height <= 0)
        {
            return null;
        }

        string orientation = width == height ? "square" : width > height ? "landscape" : "portrait";
        return new ImageFacts(format, width, height, file.Length, orientation, Math.Round((decimal)width * height / 1_000_000, 2), Entropy(file));
    }

    /// <summary>The frame header is one of the segments that follow one another.</summary>
    private static (string, int, int)? Jpeg(ReadOnlySpan<byte> file)
    {
        for (int at = 2; at + 9 < file.Length && file[at] == 0xFF;)
        {
            byte marker = file[at + 1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return ("jpeg", BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]));
            }

            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
        }

        return null;
    }

    private static decimal Entropy(ReadOnlySpan<byte> file)
    {
        Span<int> counts = stackalloc int[256];
        foreach (byte b in file)
        {
            counts[b]++;
        }

        double bits = 0;
        foreach (int count in counts)
        {
            double share = (double)count / file.Length;
            bits -= count == 0 ? 0 : share * Math.Log2(share);
        }

        return Math.Round((decimal)bits, 2);
    }
}
