using System.Buffers;

namespace Weir.Client;

/// <summary>How records become durable: callers gather, one writes for all, and each is told what became of its own.</summary>
internal sealed partial class SpoolStore
{
    /// <summary>Bytes that are made durable at once.</summary>
    private const int LargestGroup = 4 * 1024 * 1024;

    /// <summary>So many segments share the room, so that room comes back while others wait.</summary>
    private const int FewestSegments = 4;

    private List<Pending> _pending = [];
    private long _pendingBytes;
    private Task _writing = Task.CompletedTask;
    private bool _isWriting;

    // Only the writer touches the file; the lock guards that there is one writer.
    private ISpoolFile? _file;
    private SpoolSegment? _segment;
    private int _number;

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
