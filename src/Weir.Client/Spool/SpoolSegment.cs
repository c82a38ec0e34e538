using Microsoft.Win32.SafeHandles;

namespace Weir.Client;

/// <summary>One file of a lane, as it is read: what is durable of it, and how far it has been delivered.</summary>
internal sealed class SpoolSegment(string path)
{
    public const string Extension = ".spool";

    /// <summary>Bytes that are read at once; at least one record fits.</summary>
    private const int Block = SpoolFormat.FrameLength + SpoolFormat.LargestPayload;

    public string Path { get; } = path;

    /// <summary>Where the durable records end.</summary>
    public long End { get; set; } = SpoolFormat.HeaderLength;

    /// <summary>Where the next record to deliver begins.</summary>
    public long Offset { get; set; } = SpoolFormat.HeaderLength;

    /// <summary>Records that are durable and not delivered.</summary>
    public long Waiting { get; set; }

    /// <summary>Bytes after the last record that can be read.</summary>
    public long Rest { get; set; }

    public long WaitingBytes => Math.Max(0, End - Offset);

    /// <summary>Reads a file that another process, or an earlier run, has left behind.</summary>
    public static SpoolSegment Scan(string path)
    {
        SpoolSegment segment = new(path);
        using SafeFileHandle file = OpenToRead(path);
        long length = RandomAccess.GetLength(file);
        Span<byte> header = stackalloc byte[SpoolFormat.HeaderLength];
        if (ReadFully(file, header, 0) < header.Length || !header.SequenceEqual(SpoolFormat.Header))
        {
            // Nothing of it can be read.
            segment.End = segment.Offset = 0;
            segment.Rest = length;
            return segment;
        }

        while (Read(file, segment.End, length, int.MaxValue) is { Records.Count: > 0 } part)
        {
            segment.Waiting += part.Records.Count;
            segment.End = part.Next;
        }

        segment.Rest = length - segment.End;
        return segment;
    }

    /// <summary>The records that come next.</summary>
    public SpoolRead Read(int most)
    {
        using SafeFileHandle file = OpenToRead(Path);
        return Read(file, Offset, End, most);
    }

    /// <summary>The bytes from a place to the end of the file.</summary>
    public static void CopyRest(string path, long from, ISpoolFile target)
    {
        using SafeFileHandle file = OpenToRead(path);
        byte[] block = new byte[64 * 1024];
        long at = from;
        for (int read = RandomAccess.Read(file, block, at); read > 0; read = RandomAccess.Read(file, block, at))
        {
            target.Write(block.AsSpan(0, read), at - from);
            at += read;
        }
    }

    private static SpoolRead Read(SafeFileHandle file, long from, long end, int most)
    {
        int wanted = (int)Math.Min(Block, end - from);
        byte[] bytes = new byte[wanted];
        int length = ReadFully(file, bytes, from);
        List<ReadOnlyMemory<byte>> records = [];
        int at = 0;
        while (records.Count < most && SpoolFormat.TryRead(bytes.AsSpan(at, length - at), out ReadOnlySpan<byte> payload))
        {
            records.Add(bytes.AsMemory(at + SpoolFormat.FrameLength, payload.Length));
            at += SpoolFormat.LengthOf(payload.Length);
        }

        return new SpoolRead(records, from + at);
    }

    private static SafeFileHandle OpenToRead(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static int ReadFully(SafeFileHandle file, Span<byte> target, long offset)
    {
        int length = 0;
        while (length < target.Length)
        {
            int read = RandomAccess.Read(file, target[length..], offset + length);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return length;
    }
}

/// <summary>Records in their order.</summary>
/// <param name="Next">Where the next one begins.</param>
internal readonly record struct SpoolRead(IReadOnlyList<ReadOnlyMemory<byte>> Records, long Next);
