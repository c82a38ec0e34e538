using System.Buffers;

using Microsoft.Extensions.Logging;

namespace Weir.Client;

/// <summary>What the spool answers to records that it was given.</summary>
internal enum SpoolAppend
{
    /// <summary>They are on the disk.</summary>
    Kept,

    /// <summary>There is no room; nothing of them is kept.</summary>
    Full,

    /// <summary>The disk did not say that it keeps them.</summary>
    Failed,
}

/// <summary>
/// Keeps records on disk until they are delivered. A record is acknowledged after the system call that makes it durable has returned;
/// callers at the same time share one. After a failed one nothing that waited for it is acknowledged, its file is closed, and the next
/// records go to a new one. Each process writes to a lane of its own and takes over the lanes of processes that have ended.
/// </summary>
internal sealed class SpoolStore : IAsyncDisposable
{
    /// <summary>Bytes that are made durable at once.</summary>
    private const int LargestGroup = 4 * 1024 * 1024;

    /// <summary>So many segments share the room, so that room comes back while others wait.</summary>
    private const int FewestSegments = 4;

    private readonly Lock _gate = new();
    private readonly SpoolOptions _options;
    private readonly string _folder;
    private readonly ISpoolDisk _disk;
    private readonly ClientInstruments _instruments;
    private readonly ILogger _logger;
    private readonly SpoolQuarantine _quarantine;
    private readonly LaneQueue _own;
    private readonly List<LaneQueue> _lanes = [];
    private List<Pending> _pending = [];
    private Task _writing = Task.CompletedTask;
    private bool _isWriting;
    private bool _closed;

    // Only the writer touches the file; the lock guards that there is one writer.
    private ISpoolFile? _file;
    private SpoolSegment? _segment;
    private int _number;

    private long _pendingBytes;
    private long _bytes;
    private long _waiting;
    private long _appended;
    private long _delivered;
    private long _refused;
    private long _quarantined;
    private long _corrupt;
    private string? _trouble;

    /// <exception cref="IOException">The folder cannot be used.</exception>
    public SpoolStore(SpoolOptions options, ISpoolDisk disk, ClientInstruments instruments, TimeProvider time, ILogger logger)
    {
        _options = options;
        _folder = Path.GetFullPath(options.Folder!);
        _disk = disk;
        _instruments = instruments;
        _logger = logger;
        Private.CreateFolder(_folder);
        _quarantine = new SpoolQuarantine(Path.Combine(_folder, "quarantine"), options.LargestQuarantine, disk, time);
        _own = new LaneQueue(Lane.Create(_folder, disk));
    }

    /// <summary>Told when records have been added; called on the writer's thread.</summary>
    public Action? Added { get; set; }

    /// <summary>Nothing waits to be delivered, as far as it has been looked for.</summary>
    public bool IsEmpty => Interlocked.Read(ref _waiting) == 0;

    /// <param name="delivery">Why records wait.</param>
    public SpoolHealth Health(string? delivery)
    {
        lock (_gate)
        {
            return new SpoolHealth(_trouble, _waiting == 0 ? null : delivery, _waiting, _bytes, _appended, _delivered, _refused, _quarantined, _corrupt);
        }
    }

    /// <summary>Makes records durable, all or none. It cannot be cancelled: what has been handed over may be kept.</summary>
    public Task<SpoolAppend> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        long bytes = 0;
        foreach (ReadOnlyMemory<byte> record in records)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, SpoolFormat.LargestPayload, nameof(records));
            bytes += SpoolFormat.LengthOf(record.Length);
        }

        Pending pending = new(records, bytes);
        lock (_gate)
        {
            if (_closed)
            {
                return Task.FromResult(SpoolAppend.Failed);
            }

            // A new file's header may come to it.
            if (_bytes + _pendingBytes + bytes + SpoolFormat.HeaderLength > _options.LargestBytes)
            {
                Refuse(pending, SpoolAppend.Full, "its bytes are used up");
                return pending.Answer.Task;
            }

            _pendingBytes += bytes;
            _pending.Add(pending);
            if (!_isWriting)
            {
                _isWriting = true;
                _writing = Task.Run(WriteAll);
            }
        }

        return pending.Answer.Task;
    }

    /// <summary>Takes over what processes that have ended have left behind.</summary>
    /// <exception cref="IOException">A lane cannot be read; it is left as it is.</exception>
    public void Adopt()
    {
        foreach (Lane lane in Lane.TakeOrphans(_folder))
        {
            LaneQueue queue = new(lane);
            try
            {
                foreach (string path in lane.Segments())
                {
                    queue.Segments.Enqueue(SpoolSegment.Scan(path));
                }
            }
            catch
            {
                lane.Dispose();
                throw;
            }

            foreach (SpoolSegment segment in queue.Segments.Where(segment => segment.Rest > 0))
            {
                ReportCorrupt(segment);
            }

            Log.SpoolAdopted(_logger, queue.Segments.Sum(segment => segment.Waiting));
            lock (_gate)
            {
                _lanes.Add(queue);
                _bytes += queue.Segments.Sum(segment => segment.End + segment.Rest);
                _waiting += queue.Segments.Sum(segment => segment.Waiting);
                _corrupt += queue.Segments.Sum(segment => segment.Rest);
            }
        }
    }

    /// <summary>The records to deliver next, in their order; those of ended processes first. Null when there are none. For one caller.</summary>
    /// <exception cref="IOException">What cannot be read could not be put aside.</exception>
    public SpoolBatch? Next(int most)
    {
        while (Front() is { } front)
        {
            if (front.Segment is not { } segment)
            {
                front.Lane.Lane.Delete();
                continue;
            }

            if (segment.WaitingBytes == 0)
            {
                Drop(front.Lane, segment);
                continue;
            }

            SpoolRead read = segment.Read(most);
            if (read.Records.Count > 0)
            {
                return new SpoolBatch(front.Lane, segment, read.Records, read.Next);
            }

            if (!TryGiveUp(segment))
            {
                return null;
            }

            ReportCorrupt(segment);
        }

        return null;
    }

    /// <summary>The server has the records of the batch, or they stand in the quarantine.</summary>
    /// <param name="quarantined">How many of them the server did not take.</param>
    public void Advance(SpoolBatch batch, int quarantined)
    {
        int delivered = batch.Records.Count - quarantined;
        lock (_gate)
        {
            batch.Segment.Offset = batch.Next;
            batch.Segment.Waiting -= batch.Records.Count;
            _waiting -= batch.Records.Count;
            _delivered += delivered;
            _quarantined += quarantined;
        }

        _instruments.SpoolDelivered.Add(delivered);
        _instruments.SpoolQuarantined.Add(quarantined);
    }

    /// <summary>Keeps records that the server does not take, with its answers.</summary>
    /// <exception cref="IOException">There is no room for them, or the disk does not keep them.</exception>
    public void Quarantine(IReadOnlyList<PoisonRecord> records)
    {
        string file = _quarantine.Keep(records);
        foreach (PoisonRecord record in records)
        {
            Log.SpoolQuarantined(_logger, record.Code, record.Detail, file);
        }
    }

    /// <summary>Lets the records that wait to the next process.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closed = true;
        }

        await _writing;
        CloseFile();
        _quarantine.Dispose();
        lock (_gate)
        {
            foreach (LaneQueue lane in _lanes.Append(_own))
            {
                if (lane.Segments.All(segment => segment is { WaitingBytes: 0, Rest: 0 }))
                {
                    lane.Lane.Delete();
                }
                else
                {
                    lane.Lane.Dispose();
                }
            }
        }
    }

    /// <summary>It was durable once, and can no longer be read: what is left of the file goes to the quarantine.</summary>
    /// <returns>False while it is being written; then it is looked at again later.</returns>
    private bool TryGiveUp(SpoolSegment segment)
    {
        lock (_gate)
        {
            if (segment == _segment)
            {
                if (_isWriting)
                {
                    return false;
                }

                CloseFile();
            }

            segment.Rest = segment.End - segment.Offset;
            segment.End = segment.Offset;
            _waiting -= segment.Waiting;
            segment.Waiting = 0;
            _corrupt += segment.Rest;
            return true;
        }
    }

    private void ReportCorrupt(SpoolSegment segment)
    {
        _instruments.SpoolCorrupt.Add(segment.Rest);
        Log.SpoolCorrupt(_logger, segment.Rest, segment.Path, _quarantine.Folder);
    }

    /// <summary>The first segment that has something to do: to be delivered, or to be dropped.</summary>
    private (LaneQueue Lane, SpoolSegment? Segment)? Front()
    {
        lock (_gate)
        {
            if (_lanes.Count > 0)
            {
                LaneQueue lane = _lanes[0];
                if (lane.Segments.TryPeek(out SpoolSegment? segment))
                {
                    return (lane, segment);
                }

                _lanes.RemoveAt(0);
                return (lane, null);
            }

            if (!_own.Segments.TryPeek(out SpoolSegment? own) || (own.WaitingBytes == 0 && own == _segment && _isWriting))
            {
                return null;
            }

            if (own.WaitingBytes == 0 && own == _segment)
            {
                // Nobody writes: the next records begin a new file, and this one can go.
                CloseFile();
            }

            return (_own, own);
        }
    }

    private void Drop(LaneQueue lane, SpoolSegment segment)
    {
        if (segment.Rest > 0)
        {
            _quarantine.KeepRest(segment);
        }

        File.Delete(segment.Path);
        lock (_gate)
        {
            lane.Segments.Dequeue();
            _bytes -= segment.End + segment.Rest;
        }
    }

    private void WriteAll()
    {
        while (true)
        {
            List<Pending> group = [];
            lock (_gate)
            {
                long bytes = 0;
                while (group.Count < _pending.Count && (group.Count == 0 || bytes + _pending[group.Count].Bytes <= LargestGroup))
                {
                    bytes += _pending[group.Count].Bytes;
                    group.Add(_pending[group.Count]);
                }

                if (group.Count == 0)
                {
                    _isWriting = false;
                    return;
                }

                _pending = group.Count == _pending.Count ? [] : _pending[group.Count..];
                _pendingBytes -= bytes;
                // From here on the group's bytes stand for themselves, until it is written or refused.
                _bytes += bytes;
            }

            WriteGroup(group);
        }
    }

    private void WriteGroup(List<Pending> group)
    {
        int length = (int)group.Sum(pending => pending.Bytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        bool begins;
        try
        {
            int at = 0;
            foreach (ReadOnlyMemory<byte> record in group.SelectMany(pending => pending.Records))
            {
                at += SpoolFormat.Write(buffer.AsSpan(at), record.Span);
            }

            begins = OpenFile();
            WriteDurably(buffer.AsSpan(0, length), begins);
        }
        catch (Exception exception)
        {
            // Whatever it is: who waits must be told that nothing was kept.
            Refuse(group, length, exception);
            return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        int count = group.Sum(pending => pending.Records.Count);
        bool recovered;
        lock (_gate)
        {
            if (begins)
            {
                _own.Segments.Enqueue(_segment!);
                _bytes += SpoolFormat.HeaderLength;
            }

            _segment!.End += length;
            _segment.Waiting += count;
            _waiting += count;
            _appended += count;
            recovered = _trouble is not null;
            _trouble = null;
            if (_segment.End >= Math.Min(_options.LargestSegment, _options.LargestBytes / FewestSegments))
            {
                CloseFile();
            }
        }

        _instruments.SpoolAppended.Add(count);
        if (recovered)
        {
            Log.SpoolRecovered(_logger);
        }

        foreach (Pending pending in group)
        {
            pending.Answer.SetResult(SpoolAppend.Kept);
        }

        Added?.Invoke();
    }

    /// <returns>Whether the file is new: then its header and its name must become durable too.</returns>
    private bool OpenFile()
    {
        if (_file is not null)
        {
            return false;
        }

        SpoolSegment segment = new(Path.Combine(_own.Lane.Folder, $"{++_number:D10}{SpoolSegment.Extension}"));
        ISpoolFile file = _disk.Create(segment.Path);
        lock (_gate)
        {
            _file = file;
            _segment = segment;
        }

        return true;
    }

    private void WriteDurably(ReadOnlySpan<byte> bytes, bool begins)
    {
        if (begins)
        {
            _file!.Write(SpoolFormat.Header, 0);
        }

        _file!.Write(bytes, _segment!.End);
        try
        {
            _file.Sync();
            if (begins)
            {
                _disk.SyncFolder(_own.Lane.Folder);
            }
        }
        catch (IOException exception)
        {
            throw new SyncFailedException(exception);
        }
    }

    /// <summary>Nothing of the group is acknowledged, and what of it may stand in the file is taken out again.</summary>
    private void Refuse(List<Pending> group, int length, Exception exception)
    {
        bool full = exception is IOException io && IsFull(io);
        bool clean = false;
        string? abandoned = null;
        try
        {
            if (_file is not null)
            {
                _file.SetLength(_segment!.End);
                clean = true;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The file is closed below: its durable part is delivered, and what follows is not looked at.
        }

        lock (_gate)
        {
            _bytes -= length;
            if (_file is not null && _segment!.End == SpoolFormat.HeaderLength)
            {
                abandoned = _segment.Path;
                CloseFile();
            }
            else if (_file is not null && (exception is SyncFailedException || !clean))
            {
                // After a failed sync nobody knows what the system still has of the file: it takes no more records.
                CloseFile();
            }

            foreach (Pending pending in group)
            {
                Refuse(pending, full ? SpoolAppend.Full : SpoolAppend.Failed, exception.Message);
            }
        }

        if (abandoned is not null)
        {
            Abandon(abandoned);
        }
    }

    /// <summary>A file in which nothing has ever been durable.</summary>
    private static void Abandon(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever takes over the lane finds it and says so.
        }
    }

    private void Refuse(Pending pending, SpoolAppend answer, string reason)
    {
        string code = answer == SpoolAppend.Full ? DenialReasons.SpoolFull : DenialReasons.SpoolFailed;
        if (_trouble != code)
        {
            _trouble = code;
            Log.SpoolRefuses(_logger, reason);
        }

        _refused += pending.Records.Count;
        _instruments.SpoolRefused.Add(pending.Records.Count, ClientInstruments.Reason(code));
        pending.Answer.SetResult(answer);
    }

    /// <summary>What the file has durably stays to be delivered.</summary>
    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
        _segment = null;
    }

    /// <summary>No space left, or none left for this user.</summary>
    private static bool IsFull(IOException exception) => OperatingSystem.IsWindows()
        ? exception.HResult is unchecked((int)0x80070070) or unchecked((int)0x80070027)
        : exception.HResult is 28 || exception.HResult == (OperatingSystem.IsMacOS() ? 69 : 122);

    private sealed class SyncFailedException(IOException cause) : IOException(cause.Message, cause);

    private sealed record Pending(IReadOnlyList<ReadOnlyMemory<byte>> Records, long Bytes)
    {
        public TaskCompletionSource<SpoolAppend> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The segments of a lane, oldest first.</summary>
internal sealed record LaneQueue(Lane Lane)
{
    public Queue<SpoolSegment> Segments { get; } = new();
}

/// <summary>Records that are to be delivered together.</summary>
internal sealed record SpoolBatch(LaneQueue Lane, SpoolSegment Segment, IReadOnlyList<ReadOnlyMemory<byte>> Records, long Next);
