using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Weir.Sqlite;

/// <summary>
/// A bounded memory of what was used lately: two generations, of which the older is dropped whole when the younger is full. Anyone may
/// look; only the writer, which knows what is committed, puts values in.
/// </summary>
internal sealed class Remembered<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly int _generation = Math.Max(1, capacity / 2);
    private volatile ConcurrentDictionary<TKey, TValue> _young = new();
    private volatile ConcurrentDictionary<TKey, TValue> _old = new();
    private int _inYoung;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value) => _young.TryGetValue(key, out value) || _old.TryGetValue(key, out value);

    /// <summary>As <see cref="TryGet"/>, and keeps what it finds from being dropped. By the writer.</summary>
    public bool TryUse(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_young.TryGetValue(key, out value))
        {
            return true;
        }

        if (!_old.TryGetValue(key, out value))
        {
            return false;
        }

        Put(key, value);
        return true;
    }

    /// <summary>By the writer.</summary>
    public void Put(TKey key, TValue value)
    {
        ConcurrentDictionary<TKey, TValue> young = _young;
        if (young.TryAdd(key, value))
        {
            _inYoung++;
        }
        else
        {
            young[key] = value;
        }

        if (_inYoung >= _generation)
        {
            // A reader that looks between these two lines finds the same values in both.
            _old = young;
            _young = new ConcurrentDictionary<TKey, TValue>();
            _inYoung = 0;
        }
    }

    /// <summary>By the writer, seldom: it looks at every key.</summary>
    public void Remove(Func<TKey, bool> which)
    {
        foreach (ConcurrentDictionary<TKey, TValue> generation in new[] { _young, _old })
        {
            foreach ((TKey key, _) in generation)
            {
                if (which(key))
                {
                    generation.TryRemove(key, out _);
                }
            }
        }
    }

    /// <summary>By the writer.</summary>
    public void Clear()
    {
        _old = new ConcurrentDictionary<TKey, TValue>();
        _young = new ConcurrentDictionary<TKey, TValue>();
        _inYoung = 0;
    }
}
