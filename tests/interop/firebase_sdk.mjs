// One scenario with the official Firebase SDK, read from standard input by node: URL and SCENARIO are in the environment.
// What the scenario returns is printed as JSON; what it throws ends node with its message.
import { deleteApp, initializeApp } from '@firebase/app'
import {
  endAt, get, getDatabase, goOffline, increment, limitToFirst, limitToLast, off, onChildAdded, onDisconnect, onValue,
  orderByChild, orderByKey, orderByValue, push, query, ref, remove, runTransaction, serverTimestamp, set,
  setWithPriority, startAfter, startAt, update,
} from '@firebase/database'

const apps = []

function client() {
  const app = initializeApp({ databaseURL: process.env.URL }, `client-${apps.length}`)
  apps.push(app)
  return getDatabase(app)
}

// Resolves with the first value at a place that satisfies the predicate.
function until(place, satisfied) {
  return new Promise((resolve, reject) => {
    const stop = onValue(place, snapshot => {
      if (!satisfied(snapshot.val())) return
      setTimeout(() => { stop(); resolve(snapshot.val()) })
    }, reject)
  })
}

const connected = db => until(ref(db, '.info/connected'), Boolean)

// Every value that a listener sees, in order.
function seen(place) {
  const values = []
  onValue(place, snapshot => values.push(snapshot.val()))
  return values
}

const scenarios = {
  async connect() {
    const db = client()
    await connected(db)
    let offset
    onValue(ref(db, '.info/serverTimeOffset'), snapshot => { offset = snapshot.val() })
    return { offset }
  },

  async write() {
    const db = client()
    const place = ref(db, 'rooms/a')
    await set(place, { topic: 'x', open: true, list: ['p', 'q'], none: null })
    await update(place, { topic: 'y', 'deep/er': 7 })
    await update(ref(db), { 'rooms/b/n': 1, 'rooms/a/open': null })
    const key = push(place, 'last').key
    await until(ref(db, `rooms/a/${key}`), value => value === 'last')
    await remove(ref(db, `rooms/a/${key}`))
    const other = client()
    return (await get(ref(other, 'rooms'))).val()
  },

  async two_clients() {
    const [one, two] = [client(), client()]
    const parent = seen(ref(two, 'chat'))
    const child = seen(ref(two, 'chat/m1/text'))
    const sibling = seen(ref(two, 'chat/m2'))
    await until(ref(two, 'chat'), () => true)
    await set(ref(one, 'chat/m1'), { text: 'hello' })
    await until(ref(two, 'chat/m1/text'), value => value === 'hello')
    await update(ref(one, 'chat/m1'), { text: 'again', by: 'one' })
    await until(ref(two, 'chat/m1/by'), value => value === 'one')
    await remove(ref(one, 'chat'))
    await until(ref(two, 'chat'), value => value === null)
    return { parent, child, sibling }
  },

  async queries() {
    const [one, two] = [client(), client()]
    const scores = ref(one, 'scores')
    await set(scores, { ann: { n: 3 }, bob: { n: 1 }, cid: { n: 2 }, 10: { n: 9 }, 9: { n: 8 } })
    const keys = async (...parts) => {
      const names = []
      const found = await get(query(ref(two, 'scores'), ...parts))
      found.forEach(child => { names.push(child.key) })
      return names
    }
    const listed = {
      first_by_key: await keys(orderByKey(), limitToFirst(3)),
      last_by_child: await keys(orderByChild('n'), limitToLast(2)),
      range: await keys(orderByChild('n'), startAt(2), endAt(3)),
      after: await keys(orderByChild('n'), startAfter(3)),
    }
    await set(ref(one, 'plain'), { a: 5, b: 'text', c: true, d: 1 })
    const ordered = await get(query(ref(two, 'plain'), orderByValue()))
    listed.by_value = []
    ordered.forEach(child => { listed.by_value.push(child.key) })

    // A window that moves while somebody else writes.
    const added = []
    const window = query(ref(two, 'log'), limitToLast(2))
    onChildAdded(window, child => added.push(child.val()))
    const values = []
    onValue(window, snapshot => values.push(snapshot.val()))
    await until(window, () => true)
    for (const text of ['a', 'b', 'c']) {
      push(ref(one, 'log'), text)
      await until(window, value => Object.values(value || {}).includes(text))
    }
    const kept = Object.values(values.at(-1))
    off(window)
    return { ...listed, added, kept }
  },

  async transactions() {
    const [one, two] = [client(), client()]
    const tries = { one: 0, two: 0 }
    const add = (db, name) => runTransaction(ref(db, 'counter'), value => { tries[name] += 1; return (value || 0) + 1 })
    await Promise.all([...Array(5)].flatMap(() => [add(one, 'one'), add(two, 'two')]))
    const nested = await runTransaction(ref(one, 'tree'), () => ({ b: { x: 1.5, y: -2, z: 'ü😀' }, a: [true, false], 10: 'ten', 9: 'nine' }))
    // A fresh client has no copy: its first try must be refused by hash, its second accepted.
    const three = client()
    const again = await runTransaction(ref(three, 'tree'), value => value === null ? { lost: true } : { ...value, more: 1e21 })
    await setWithPriority(ref(one, 'ranked'), { v: 1 }, 5)
    await setWithPriority(ref(one, 'ranked/leaf'), 'text', 'high')
    const four = client()
    await get(ref(four, 'ranked'))
    const ranked = await runTransaction(ref(four, 'ranked/v'), value => (value || 0) + 1)
    const whole = await runTransaction(ref(four, 'ranked'), value => value && { ...value, seen: true })
    const aborted = await runTransaction(ref(one, 'counter'), () => undefined)
    return {
      counter: (await get(ref(two, 'counter'))).val(), nested: nested.committed, again: again.snapshot.val(),
      ranked: ranked.snapshot.val(), whole: whole.committed, aborted: aborted.committed, tries,
    }
  },

  async server_values() {
    const [one, two] = [client(), client()]
    await set(ref(one, 'n'), 40)
    await Promise.all([set(ref(one, 'n'), increment(1)), set(ref(two, 'n'), increment(1.5))])
    await update(ref(two, 'times'), { at: serverTimestamp(), 'deep/count': increment(2) })
    const third = client()
    const { at, deep } = (await get(ref(third, 'times'))).val()
    return { n: (await get(ref(third, 'n'))).val(), late: Math.abs(Date.now() - at), deep }
  },

  async on_disconnect() {
    const [one, two] = [client(), client()]
    await set(ref(one, 'presence'), { me: 'here', kept: 'here', list: { a: 1 } })
    await onDisconnect(ref(one, 'presence/me')).set({ gone: serverTimestamp() })
    await onDisconnect(ref(one, 'presence/list')).update({ b: 2 })
    await onDisconnect(ref(one, 'presence/kept')).remove()
    await onDisconnect(ref(one, 'presence/kept')).cancel()
    await until(ref(two, 'presence'), value => value !== null)
    goOffline(one)
    const value = await until(ref(two, 'presence'), value => typeof value.me === 'object' && value.list.b === 2)
    return { ...value, me: typeof value.me.gone }
  },

  async big_values() {
    const [one, two] = [client(), client()]
    const sizes = [16000, 16384, 16385, 200000, 2000000]
    const got = []
    for (const size of sizes) {
      // No surrogate pairs: the SDK itself cuts them in two where a frame ends, and they arrive broken.
      const text = 'é€x'.repeat(size / 3) + 'x'
      const arrives = until(ref(two, 'big'), value => value === text)
      await set(ref(one, 'big'), text)
      got.push((await arrives) === text)
    }
    return got
  },

  async reconnect() {
    const [one, two] = [client(), client()]
    const states = seen(ref(two, '.info/connected'))
    const values = seen(ref(two, 'v'))
    await set(ref(one, 'v'), 1)
    await until(ref(two, 'v'), value => value === 1)
    const told = new Promise(resolve => process.on('SIGUSR2', resolve))
    process.stdout.write('ready\n')
    await told
    await connected(two)
    await set(ref(one, 'v'), 2)
    await until(ref(two, 'v'), value => value === 2)
    return { states: [...states], values }
  },
}

try {
  const result = await scenarios[process.env.SCENARIO]()
  await Promise.all(apps.map(deleteApp))
  process.stdout.write(JSON.stringify(result ?? null) + '\n')
} catch (error) {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}
