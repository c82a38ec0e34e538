using System.Buffers;
using System.Text.Json;

namespace Weir.Client;

/// <summary>A record that the server does not take, and its answer.</summary>
internal readonly record struct PoisonRecord(SpoolEntry Entry, int? Status, string? Code, string? Detail);

/// <summary>
/// The folder of what could not be delivered (<c>records-….jsonl</c>: a line each, with the server's answer) and of what could not be read
/// (<c>corrupt-….bin</c>). Nothing in it is ever deleted by the spool; it is bounded, and full is an error that stops delivery.
/// </summary>
internal sealed class SpoolQuarantine : IDisposable
{
    private readonly long _largest;
    private readonly ISpoolDisk _disk;
    private readonly TimeProvider _time;
    private ISpoolFile? _file;
    private string _path = "";
    private long _end;

    public SpoolQuarantine(string folder, long largest, ISpoolDisk disk, TimeProvider time)
    {
        Folder = folder;
        _largest = largest;
        _disk = disk;
        _time = time;
        Private.CreateDurableFolder(folder, disk);
    }

    public string Folder { get; }

    /// <returns>The file.</returns>
    public string Keep(IReadOnlyList<PoisonRecord> records)
    {
        ArrayBufferWriter<byte> lines = new(1024);
        foreach (PoisonRecord record in records)
        {
            Write(lines, record);
        }

        Reserve(lines.WrittenCount);
        bool begins = _file is null;
        if (_file is null)
        {
            _path = Path.Combine(Folder, $"records-{Guid.CreateVersion7():N}.jsonl");
            _end = 0;
            _file = _disk.Create(_path);
        }

        try
        {
            _file.Write(lines.WrittenSpan, _end);
            _file.Sync();
            if (begins)
            {
                _disk.SyncFolder(Folder);
            }
        }
        catch (IOException)
        {
            // The next try begins a new file: this one may lack what it was given.
            Dispose();
            throw;
        }

        _end += lines.WrittenCount;
        return _path;
    }

    /// <summary>Keeps the bytes after the last record that can be read.</summary>
    public void KeepRest(SpoolSegment segment)
    {
        Reserve(segment.Rest);
        string lane = Path.GetFileName(Path.GetDirectoryName(segment.Path)!);
        string path = Path.Combine(Folder, $"corrupt-{lane}-{Path.GetFileNameWithoutExtension(segment.Path)}-{Guid.CreateVersion7():N}.bin");
        using ISpoolFile file = _disk.Create(path);
        SpoolSegment.CopyRest(segment.Path, segment.End, file);
        file.Sync();
        _disk.SyncFolder(Folder);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Reserve(long bytes)
    {
        // Processes share the folder: what is in it is looked up each time, which is seldom.
        long used = new DirectoryInfo(Folder).EnumerateFiles().Sum(file => file.Length);
        if (used + bytes > _largest)
        {
            throw new IOException($"The quarantine {Folder} has no room for {bytes} bytes more; look at its records and move them away.");
        }
    }

    private void Write(ArrayBufferWriter<byte> lines, PoisonRecord record)
    {
        using (Utf8JsonWriter writer = new(lines, EventJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("quarantinedAt"u8, _time.GetUtcNow());
            writer.WriteString("kind"u8, record.Entry.Kind);
            writer.WriteString("id"u8, record.Entry.Id);
            if (record.Status is { } status)
            {
                writer.WriteNumber("status"u8, status);
            }

            writer.WriteString("code"u8, record.Code);
            writer.WriteString("detail"u8, record.Detail);
            writer.WritePropertyName("body"u8);
            writer.WriteRawValue(record.Entry.Body.Span);
            writer.WriteEndObject();
        }

        lines.Write("\n"u8);
    }
}
