using System.Text;

namespace Weir.Client.Tests;

public sealed class SpoolFormatTests : IDisposable
{
    private const int Count = 64;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("weir-segment-");

    private string Path => System.IO.Path.Combine(_folder.FullName, "0000000001.spool");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact(DisplayName = "The checksum is CRC-32C")]
    public void Checksum()
    {
        // The check value of the catalogue of CRCs, and the examples of RFC 3720, B.4.
        Assert.Equal(0xE3069283u, SpoolFormat.Checksum([], "123456789"u8));
        Assert.Equal(0x8A9136AAu, SpoolFormat.Checksum(new byte[16], new byte[16]));
        Assert.Equal(0x62A8AB43u, SpoolFormat.Checksum([], [.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, SpoolFormat.Checksum([], [.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    [Fact(DisplayName = "SPOOL-2: a file cut at any byte gives back its longest valid prefix, and says how many bytes it could not read")]
    public void Cut()
    {
        (byte[] file, int[] ends) = Make();
        for (int length = 0; length <= file.Length; length++)
        {
            File.WriteAllBytes(Path, file[..length]);
            int whole = ends.Count(end => end <= length);
            SpoolSegment segment = SpoolSegment.Scan(Path);
            Assert.Equal(whole, segment.Waiting);
            Assert.Equal(length - (whole > 0 ? ends[whole - 1] : length < SpoolFormat.HeaderLength ? 0 : SpoolFormat.HeaderLength), segment.Rest);
            Assert.Equal(Enumerable.Range(0, whole).Select(Text), Read(segment));
        }
    }

    [Fact(DisplayName = "SPOOL-2: a bit that has changed stops reading at its record, whichever bit it is")]
    public void Flip()
    {
        (byte[] file, int[] ends) = Make();
        // Every bit of the header and of two records, and one of every other byte.
        IEnumerable<int> bits = Enumerable.Range(0, file.Length * 8).Where(bit => bit < ends[0] * 8 || (bit / 8 >= ends[30] && bit / 8 < ends[31]) || bit % 8 == bit / 8 % 8);
        foreach (int bit in bits)
        {
            byte[] changed = [.. file];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(Path, changed);
            int whole = ends.Count(end => end <= bit / 8);
            SpoolSegment segment = SpoolSegment.Scan(Path);
            Assert.Equal(bit < SpoolFormat.HeaderLength * 8 ? 0 : whole, segment.Waiting);
            Assert.Equal(file.Length, segment.End + segment.Rest);
            Assert.Equal(Enumerable.Range(0, (int)segment.Waiting).Select(Text), Read(segment));
        }
    }

    [Fact(DisplayName = "Zeros, and what was never a spool, hold no records")]
    public void Garbage()
    {
        byte[] random = new byte[4096];
        new Random(7).NextBytes(random);
        foreach (byte[] content in new[] { [], new byte[4096], random, [.. SpoolFormat.Header, .. new byte[4096]], [.. SpoolFormat.Header, .. random] })
        {
            File.WriteAllBytes(Path, content);
            Assert.Equal(0, SpoolSegment.Scan(Path).Waiting);
        }
    }

    [Fact(DisplayName = "Records of any size up to the largest are read back")]
    public void Sizes()
    {
        foreach (int size in new[] { 1, 7, 8, 9, 65_536, SpoolFormat.LargestPayload })
        {
            byte[] payload = new byte[size];
            new Random(size).NextBytes(payload);
            byte[] record = new byte[SpoolFormat.LengthOf(size)];
            Assert.Equal(record.Length, SpoolFormat.Write(record, payload));
            File.WriteAllBytes(Path, [.. SpoolFormat.Header, .. record, .. record]);
            SpoolSegment segment = SpoolSegment.Scan(Path);
            Assert.Equal(2, segment.Waiting);
            Assert.Equal(payload, segment.Read(1).Records[0].ToArray());
        }
    }

    private static string Text(int number) => $"record {number} {new string('x', number % 11)}";

    private static List<string> Read(SpoolSegment segment)
    {
        List<string> all = [];
        while (segment.WaitingBytes > 0 && segment.Read(10) is { Records.Count: > 0 } read)
        {
            all.AddRange(read.Records.Select(record => Encoding.UTF8.GetString(record.Span)));
            segment.Offset = read.Next;
        }

        return all;
    }

    private static (byte[] File, int[] Ends) Make()
    {
        List<byte> file = [.. SpoolFormat.Header];
        List<int> ends = [];
        for (int i = 0; i < Count; i++)
        {
            byte[] payload = Encoding.UTF8.GetBytes(Text(i));
            byte[] record = new byte[SpoolFormat.LengthOf(payload.Length)];
            SpoolFormat.Write(record, payload);
            file.AddRange(record);
            ends.Add(file.Count);
        }

        return ([.. file], [.. ends]);
    }
}
