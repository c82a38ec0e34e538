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
internal sealed partial class SpoolStore : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SpoolOptions _options;
    private readonly string _folder;
    private readonly ISpoolDisk _disk;
    private readonly ClientInstruments _instruments;
    private readonly ILogger _logger;
    private readonly SpoolQuarantine _quarantine;
    private readonly LaneQueue _own;
    private readonly List<LaneQueue> _lanes = [];
    private bool _closed;
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
        Private.CreateDurableFolder(_folder, disk);
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

    /// <summary>Leaves the records that wait to the next process.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

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
            if (_trouble == DenialReasons.SpoolFull)
            {
                _trouble = null;
            }
        }
    }
}

/// <summary>The segments of a lane, oldest first.</summary>
internal sealed record LaneQueue(Lane Lane)
{
    public Queue<SpoolSegment> Segments { get; } = new();
}

/// <summary>Records that are to be delivered together.</summary>
internal sealed record SpoolBatch(LaneQueue Lane, SpoolSegment Segment, IReadOnlyList<ReadOnlyMemory<byte>> Records, long Next);
