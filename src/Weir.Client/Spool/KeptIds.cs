using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Weir.Client;

/// <summary>What was put into the spool last: a repeat is told the same again and not kept twice. What the server did not take is forgotten.</summary>
internal sealed class KeptIds(int most)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _contents = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>Whether the id was kept with this very content. With another content it is another request, and the server says so.</summary>
    public bool Has(string id, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            return _contents.TryGetValue(id, out long content) && content == Digest(body);
        }
    }

    public void Add(string id, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_contents.TryAdd(id, Digest(body)))
            {
                _order.Enqueue(id);
            }

            if (_order.Count > most)
            {
                _contents.Remove(_order.Dequeue());
            }
        }
    }

    public void Forget(string id)
    {
        lock (_gate)
        {
            // Its place in the order stays until it comes to the end.
            _contents.Remove(id);
        }
    }

    private static long Digest(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        return BinaryPrimitives.ReadInt64LittleEndian(hash);
    }
}
